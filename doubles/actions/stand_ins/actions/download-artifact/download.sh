# All artifacts get a folder each; a single one does not.
set -eu
[ -z "$RUN" ] || { echo "only artifacts of the same run are at hand" >&2; exit 1; }
[ -d "$ARTIFACTS_DIR/$NAME" ] || { echo "this run has no artifact $NAME" >&2; exit 1; }
mkdir -p "$TARGET"
cp -R "$ARTIFACTS_DIR/$NAME/." "$TARGET"
