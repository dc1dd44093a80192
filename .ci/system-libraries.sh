#!/bin/sh
# Sees to the system libraries that the Qt wheel expects, on Debian, Ubuntu and their relatives.
#
#     sh .ci/system-libraries.sh [PYTHON]
#
# Installs what is missing as root or through sudo. Where it may not, it prints the line to run and ends with status 1;
# SKIP_SYSTEM_LIBRARIES=1 goes on without. Elsewhere it names what is missing and leaves the rest to the user.
set -eu

python=${1:-python3}
PATH=$PATH:/usr/sbin:/sbin  # ldconfig, for everybody but root

[ "$(uname -s)" = Linux ] || exit 0
[ -z "${SKIP_SYSTEM_LIBRARIES:-}" ] || exit 0

present=$(ldconfig -p 2>/dev/null || true)
packages=""
libraries=""

while read -r library package; do
    case $present in
        *"$library "*) ;;
        *) libraries="$libraries $library" packages="$packages $package" ;;
    esac
done <<LIBRARIES
libEGL.so.1 libegl1
libGL.so.1 libgl1
libX11-xcb.so.1 libx11-xcb1
libdbus-1.so.3 libdbus-1-3
libfontconfig.so.1 libfontconfig1
libfreetype.so.6 libfreetype6
libglib-2.0.so.0 libglib2.0-0
libxcb-cursor.so.0 libxcb-cursor0
libxcb-icccm.so.4 libxcb-icccm4
libxcb-image.so.0 libxcb-image0
libxcb-keysyms.so.1 libxcb-keysyms1
libxcb-randr.so.0 libxcb-randr0
libxcb-render-util.so.0 libxcb-render-util0
libxcb-shape.so.0 libxcb-shape0
libxcb-util.so.1 libxcb-util1
libxcb-xkb.so.1 libxcb-xkb1
libxkbcommon.so.0 libxkbcommon0
libxkbcommon-x11.so.0 libxkbcommon-x11-0
LIBRARIES

if [ -z "$(find /usr/share/fonts /usr/local/share/fonts -name '*.[to]tf' 2>/dev/null | head -n 1)" ]; then
    libraries="$libraries (fonts)" packages="$packages fonts-dejavu-core"
fi
if ! command -v "$python" >/dev/null || ! "$python" -c "import ensurepip, venv" 2>/dev/null; then
    libraries="$libraries (venv)" packages="$packages python3-venv"
fi

[ -n "$packages" ] || exit 0
if ! command -v apt-get >/dev/null; then
    echo "These are missing; please install them with your package manager:$libraries" >&2
    exit 0
fi

install="apt-get update; apt-get install -y --no-install-recommends$packages"
if [ "$(id -u)" = 0 ]; then
    as_root=""
elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
    as_root=sudo
else
    echo "System libraries are missing. Please have this run as root, then try again:" >&2
    echo "    $install" >&2
    echo "(To go on without them, set SKIP_SYSTEM_LIBRARIES=1.)" >&2
    exit 1
fi
echo "Installing system libraries:$packages"
$as_root env DEBIAN_FRONTEND=noninteractive sh -c "$install"
