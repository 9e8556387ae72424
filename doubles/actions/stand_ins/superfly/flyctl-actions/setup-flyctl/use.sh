set -eu
[ -x "${FLYCTL_DIR:-}/flyctl" ] || { echo "FLYCTL_DIR has to name a folder with a flyctl" >&2; exit 1; }
echo "$FLYCTL_DIR" >>"$GITHUB_PATH"
