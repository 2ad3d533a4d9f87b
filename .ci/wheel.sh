#!/usr/bin/env bash
# Build the wheel, install it in an environment of its own that borrows the project's packages, and start the page from another
# directory. It takes about half a minute; nothing is downloaded but the build backend, where pip's cache lacks it.
set -euo pipefail
cd "$(dirname "$0")/.."
project="$PWD"
python="${PYTHON:-$project/.venv/bin/python}"
work="$(mktemp -d)"
page=""
end() {
    [ -z "$page" ] || kill -INT "$page" 2>/dev/null && wait "$page" 2>/dev/null || true
    rm -rf "$work"
}
trap end EXIT

git archive HEAD | tar -x -C "$work" --one-top-level=source
"$python" -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir "$work" "$work/source"

# The project's packages, without the project itself: its editable install is a finder that a .pth file does not load here.
"$python" -m venv --without-pip "$work/env"
installed="$work/env/bin/python"
packages="$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
own="$("$installed" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
"$python" -m pip --python "$installed" install --quiet --disable-pip-version-check --no-deps "$work"/*.whl
echo "import sys; sys.path.append('$packages')" >"$own/borrowed.pth"

mkdir "$work/elsewhere"
cd "$work/elsewhere"
export PARISCALL_DATA_DIR="$work/data"
unset PYTHONPATH
"$installed" - "$own" <<'PYTHON'
import sys
import assistant, ingest, knowledge_base
for package in (assistant, ingest, knowledge_base):
    assert package.__file__.startswith(sys.argv[1]), f"{package.__file__} is not what was installed"
PYTHON
"$work/env/bin/pariscall" --help >/dev/null
"$work/env/bin/pariscall" ingest generations --json | grep -q '^\[\]$'
"$installed" - <<'PYTHON'
from knowledge_base.models.query_adapter import ADAPTER
from knowledge_base.models.packaged_model import EVIDENCE
ADAPTER.read()
EVIDENCE.verify()
PYTHON

# The library is not indexed here: an empty folder of generations tells `serve` that this is not the first start.
mkdir -p "$PARISCALL_DATA_DIR/generations"
port="$("$installed" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
"$work/env/bin/pariscall" serve --port "$port" &
page=$!
for _ in $(seq 60); do
    if "$installed" - "$port" <<'PYTHON' 2>/dev/null
import sys, urllib.request
for path in ("healthz", ""):
    with urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/{path}", timeout=5) as answer:
        assert answer.status == 200
PYTHON
    then
        echo "The wheel is installed, and its page answers."
        exit 0
    fi
    kill -0 "$page" 2>/dev/null || break
    sleep 1
done
echo "The page of the installed wheel does not answer." >&2
exit 1
