"""Where the window leaves its requests for the engine: the newest request of an object wins, none is refused."""

from __future__ import annotations

import threading
from collections import OrderedDict

from app.messages import Refine, Request


class Mailbox:
    """Requests on their way to the engine thread. Safe to use from both threads; no call waits for the engine.

    Everything but refinements is done in order and before any waiting refinement. Of the refinements of one object (or
    layer) only the newest is kept, and the object asked for last comes first. A running refinement that is replaced may
    finish its running click if the new request wants that click too; otherwise it is told to cancel at once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: list[Request] = []
        self._refinements: OrderedDict[int, Refine] = OrderedDict()
        self._running: Refine | None = None
        self._running_click = 0
        self._is_replaced = False
        self._is_cancelled = False
        self._accepts = False
        self._is_load_cancelled = False
        self._is_closed = False

    # --- window thread ---

    def post(self, request: Request) -> None:
        """Leave a request."""
        with self._lock:
            if self._is_closed:
                return
            if not isinstance(request, Refine):
                self._orders.append(request)
                self._is_replaced = True
                return
            self._refinements[request.object_id] = request
            self._refinements.move_to_end(request.object_id)
            if self._running is not None and self._running.object_id == request.object_id:
                self._is_replaced = True
                self._is_cancelled = self._is_cancelled or not self._is_running_click_wanted(request)

    def prefer(self, object_id: int) -> None:
        """Take this object's refinement before those of others."""
        with self._lock:
            if object_id in self._refinements:
                self._refinements.move_to_end(object_id)

    def cancel_refinement(self, object_id: int) -> None:
        """Stop refining an object and forget what waits for it."""
        with self._lock:
            self._refinements.pop(object_id, None)
            if self._running is not None and self._running.object_id == object_id:
                self._is_cancelled = True

    def cancel_refinements(self) -> None:
        """Stop every refinement and forget the waiting ones."""
        with self._lock:
            self._refinements.clear()
            self._is_cancelled = True

    def accept(self) -> None:
        """Keep the running click as it is after the current iteration."""
        with self._lock:
            self._accepts = self._running is not None

    def cancel_loading(self) -> None:
        """Stop loading a network."""
        with self._lock:
            self._is_load_cancelled = True

    def close(self) -> None:
        """Stop everything, for good."""
        with self._lock:
            self._is_closed = True
            self._orders.clear()
            self._refinements.clear()

    # --- engine thread ---

    def take(self) -> Request | None:
        """The next request, None if there is none."""
        with self._lock:
            self._running = None
            if self._is_closed:
                return None
            if self._orders:
                self._is_load_cancelled = False
                return self._orders.pop(0)
            if not self._refinements:
                return None
            _, request = self._refinements.popitem(last=True)
            self._running, self._running_click = request, 0
            self._is_replaced = self._is_cancelled = self._accepts = False
            return request

    def put_back(self, request: Refine) -> bool:
        """Return a refinement that was interrupted for something else; False if it was cancelled or replaced."""
        with self._lock:
            is_wanted = not self._is_closed and not self._is_cancelled
            if is_wanted and request.object_id not in self._refinements:
                self._refinements[request.object_id] = request
                return True
            return False

    def start_click(self, index: int) -> None:
        """Say which click of the running refinement is being refined."""
        with self._lock:
            self._running_click = index
            self._accepts = False

    @property
    def is_cancelled(self) -> bool:
        """Whether the running refinement must end after this iteration."""
        with self._lock:
            return self._is_cancelled or self._is_closed

    @property
    def is_replaced(self) -> bool:
        """Whether the running refinement should end after this click."""
        with self._lock:
            return self._is_replaced or self._is_cancelled or self._is_closed

    @property
    def is_load_cancelled(self) -> bool:
        """Whether the running load must end."""
        with self._lock:
            return self._is_load_cancelled or self._is_closed

    def take_accept(self) -> bool:
        """Whether the running click is to be kept as it is; true once per `accept`."""
        with self._lock:
            accepts, self._accepts = self._accepts, False
            return accepts

    def _is_running_click_wanted(self, request: Refine) -> bool:
        assert self._running is not None
        count = self._running_click + 1
        return (
            not request.is_fresh
            and request.config == self._running.config
            and request.trimap == self._running.trimap
            and request.clicks[:count] == self._running.clicks[:count]
            and len(request.clicks) >= count
        )
