"""Points drawn by Qt's own OpenGL into a picture; without OpenGL there is `app.rendering.points.draw_points`.

The picture is made off screen and painted like any other: an OpenGL widget would turn the whole window's drawing over
to OpenGL, and fails where there is none.
"""

from __future__ import annotations

import logging

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize
from PySide6.QtGui import QGuiApplication, QImage, QMatrix4x4, QOffscreenSurface, QOpenGLContext, QSurfaceFormat
from PySide6.QtOpenGL import (
    QOpenGLBuffer,
    QOpenGLFramebufferObject,
    QOpenGLShader,
    QOpenGLShaderProgram,
    QOpenGLVertexArrayObject,
)

from app.rendering.layers import Colour
from app.rendering.points import MOST_POINT_PX, Orbit, PointCloud, nearest_distance, view_matrix

_log = logging.getLogger(__name__)

_VERTEX = """
attribute highp vec3 position;
attribute highp vec3 colour;
attribute highp float extent;
uniform highp mat4 matrix;
uniform highp float focal;
uniform highp float greatest;
varying highp vec3 tone;
void main() {
    gl_Position = matrix * vec4(position, 1.0);
    gl_PointSize = clamp(extent * focal / gl_Position.w, 1.0, greatest);
    tone = colour;
}
"""
_FRAGMENT = """
varying highp vec3 tone;
void main() {
    gl_FragColor = vec4(tone, 1.0);
}
"""
_LARGER = 3
"""So many times larger than without OpenGL points may become; here they cost nothing."""
_GL_FLOAT, _GL_POINTS, _GL_DEPTH_TEST = 0x1406, 0x0000, 0x0B71
_GL_PROGRAM_POINT_SIZE, _GL_COLOUR_AND_DEPTH = 0x8642, 0x4100
_FLOATS = 7
"""Of a point: position, colour, extent."""


class OpenGlPoints:
    """Draws clouds; keeps the newest one in the memory of the graphics card. Made by `create`."""

    def __init__(self, context: QOpenGLContext, surface: QOffscreenSurface) -> None:
        self._context, self._surface = context, surface
        self._program = QOpenGLShaderProgram()
        self._arrays = QOpenGLVertexArrayObject()
        self._buffer = QOpenGLBuffer(QOpenGLBuffer.Type.VertexBuffer)
        self._target: QOpenGLFramebufferObject | None = None
        self._cloud: PointCloud | None = None

    @classmethod
    def create(cls) -> OpenGlPoints | None:
        """None where there is no OpenGL that can do it; never raises."""
        if not isinstance(QGuiApplication.instance(), QGuiApplication) or QGuiApplication.platformName() == "offscreen":
            return None
        wanted = QSurfaceFormat()
        wanted.setDepthBufferSize(24)
        context = QOpenGLContext()
        context.setFormat(wanted)
        if not context.create():
            _log.info("no OpenGL; points are drawn without")
            return None
        surface = QOffscreenSurface()
        surface.setFormat(context.format())
        surface.create()
        if not surface.isValid() or not context.makeCurrent(surface):
            _log.info("OpenGL cannot draw off screen; points are drawn without")
            return None
        made = cls(context, surface)
        is_ready = made._prepare()
        context.doneCurrent()
        return made if is_ready else None

    def draw(
        self, cloud: PointCloud, orbit: Orbit, size: tuple[int, int], focal: float, background: Colour
    ) -> QImage | None:
        """The same picture as `draw_points`; None if OpenGL was lost."""
        if not self._context.makeCurrent(self._surface):
            return None
        try:
            if self._target is None or self._target.size() != QSize(size[1], size[0]):
                attachment = QOpenGLFramebufferObject.Attachment.CombinedDepthStencil
                self._target = QOpenGLFramebufferObject(QSize(size[1], size[0]), attachment)
            if not self._target.isValid() or not self._target.bind():
                return None
            self._draw(cloud, orbit, size, focal, background)
            self._target.release()
            return self._target.toImage().convertToFormat(QImage.Format.Format_RGB32)
        finally:
            self._context.doneCurrent()

    def close(self) -> None:
        """Give everything back."""
        if self._context.makeCurrent(self._surface):
            self._target = None
            self._buffer.destroy()
            self._arrays.destroy()
            self._program.removeAllShaders()
            self._context.doneCurrent()

    def _prepare(self) -> bool:
        kinds = QOpenGLShader.ShaderTypeBit
        is_linked = (
            self._program.addShaderFromSourceCode(kinds.Vertex, _VERTEX)
            and self._program.addShaderFromSourceCode(kinds.Fragment, _FRAGMENT)
            and self._program.link()
        )
        if not is_linked:
            _log.info("OpenGL cannot draw points: %s", self._program.log())
            return False
        self._arrays.create()
        return self._buffer.create()

    def _draw(self, cloud: PointCloud, orbit: Orbit, size: tuple[int, int], focal: float, background: Colour) -> None:
        functions = self._context.functions()
        functions.glViewport(0, 0, size[1], size[0])
        red, green, blue = (part / 255 for part in background)
        functions.glClearColor(red, green, blue, 1.0)
        functions.glClear(_GL_COLOUR_AND_DEPTH)
        functions.glEnable(_GL_DEPTH_TEST)
        if not self._context.isOpenGLES():
            functions.glEnable(_GL_PROGRAM_POINT_SIZE)
        if self._arrays.isCreated():
            self._arrays.bind()
        self._program.bind()
        self._buffer.bind()
        if self._cloud is not cloud:
            points = np.column_stack([cloud.positions, cloud.colours / np.float32(255), cloud.extents])
            data = np.ascontiguousarray(points, np.float32).tobytes()
            self._buffer.allocate(data, len(data))
            self._cloud = cloud
        for name, first, count in (("position", 0, 3), ("colour", 3, 3), ("extent", 6, 1)):
            location = self._program.attributeLocation(name)
            self._program.enableAttributeArray(location)
            self._program.setAttributeBuffer(location, _GL_FLOAT, 4 * first, count, 4 * _FLOATS)
        matrix = projection(cloud, size, focal) @ view_matrix(cloud, orbit)
        self._program.setUniformValue(self._program.uniformLocation("matrix"), QMatrix4x4(*matrix.ravel().tolist()))
        self._program.setUniformValue1f(self._program.uniformLocation("focal"), focal)
        self._program.setUniformValue1f(self._program.uniformLocation("greatest"), float(_LARGER * MOST_POINT_PX))
        if len(cloud.positions):
            functions.glDrawArrays(_GL_POINTS, 0, len(cloud.positions))
        self._buffer.release()
        self._program.release()
        if self._arrays.isCreated():
            self._arrays.release()


def projection(cloud: PointCloud, size: tuple[int, int], focal: float) -> NDArray[np.float64]:
    """(4, 4): from the eye's axes (y down, z forward) to OpenGL's clip space (y up)."""
    near = nearest_distance(cloud)
    far = max(cloud.size, cloud.pivot[2]) * 1e3
    matrix = np.zeros((4, 4))
    matrix[0, 0] = 2 * focal / size[1]
    matrix[1, 1] = -2 * focal / size[0]
    matrix[2, 2] = (far + near) / (far - near)
    matrix[2, 3] = -2 * far * near / (far - near)
    matrix[3, 2] = 1.0
    return matrix
