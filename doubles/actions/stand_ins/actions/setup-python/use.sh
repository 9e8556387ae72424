# Without VENV the Python that is on the PATH already is as good as any.
set -eu
if [ -n "${VENV:-}" ]; then
  echo "$VENV/bin" >>"$GITHUB_PATH"
  PATH=$VENV/bin:$PATH
fi
python3 --version
echo "path=$(command -v python3)" >>"$GITHUB_OUTPUT"
