#!/bin/sh
# install.sh VENV WHAT LOCK   installs WHAT (a pip requirement) into the virtual environment VENV, as locked
# install.sh chromium         installs Chromium for the browser tests, where apt may
# install.sh peers            installs the cameras and servers that tests talk to, where apt may
set -eu

say() { printf '%s\n' "cnap: $*" >&2; }

quietly() {  # runs a command; only when it fails: what it said, or our words if the network did
    words=$1; shift
    log=$(mktemp)
    if ! "$@" >"$log" 2>&1; then
        if grep -qiE "name resolution|name or service|connection|dns error|timed out|unreachable" "$log"; then
            words="no package index could be reached: check the network (or pip's index-url) and try again"
        else
            tail -n 15 "$log" >&2
        fi
        rm -f "$log"
        say "$words"
        exit 1
    fi
    rm -f "$log"
}

if [ "$1" = chromium ]; then
    if command -v chromium >/dev/null || command -v google-chrome >/dev/null; then exit 0; fi
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "installing Chromium for the browser tests"
        { apt-get update && apt-get install -y --no-install-recommends chromium; } >/dev/null 2>&1 && exit 0
    fi
    say "no Chromium here and apt may not install it: the browser tests will be skipped"
    exit 0
fi

if [ "$1" = peers ]; then
    packages="ffmpeg nginx-light python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base
        gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly"
    server='import gi; gi.require_version("GstRtspServer", "1.0"); from gi.repository import GstRtspServer'
    if command -v ffmpeg >/dev/null && [ -x /usr/sbin/nginx ] && /usr/bin/python3 -c "$server" 2>/dev/null
    then exit 0; fi
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "installing ffmpeg, nginx and GStreamer's RTSP server for tests with real cameras"
        # shellcheck disable=SC2086  # a word a package
        { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $packages
        } >/dev/null 2>&1 && exit 0
    fi
    say "ffmpeg, nginx or GStreamer's RTSP server are missing and apt may not install them: tests with real cameras will be skipped"
    exit 0
fi

venv=$1 what=$2 lock=$3
python=${PYTHON:-python3}
command -v "$python" >/dev/null || { say "Python 3.11 or newer is needed: install python3"; exit 1; }
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    { say "$($python --version) is too old: Python 3.11 or newer is needed (make PYTHON=python3.12 …)"; exit 1; }
if [ ! -x "$venv/bin/pip" ]; then
    rm -rf "$venv"
    say "making $venv"
    quietly "Python can't make virtual environments here: install python3-venv" "$python" -m venv "$venv"
fi
failed="$what can't be installed: the lines above say why"
if [ ! -x "$venv/bin/uv" ]; then
    quietly "$failed" "$venv/bin/pip" install -q --disable-pip-version-check uv
fi
say "installing $what"
index=$("$venv/bin/pip" config get global.index-url 2>/dev/null || true)
[ -z "$index" ] || export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$index}"
quietly "$failed" "$venv/bin/uv" pip install -q --no-cache --python "$venv/bin/python" -c "$lock" -e "$what"
