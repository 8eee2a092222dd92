#!/bin/sh
# image.sh IMAGE   builds the project's image with buildah, podman or docker, whichever is here.
#   MODELS="yolox-nano yunet"     the models that it carries (yolox-nano)
#   ASSETS=FOLDER                 models that are here already; else their authors' address is asked
#   LOAD="kind load image-archive"  brings it to a cluster that has no registry: a command that takes
#                                 an archive, such as `minikube image load` or `k3s ctr images import`
set -eu

say() { printf '%s\n' "cnap: $*" >&2; }

image=$1
for tool in buildah podman docker; do
    if command -v $tool >/dev/null && $tool version >/dev/null 2>&1; then break; fi
    tool=
done
[ -n "$tool" ] || { say "buildah, podman or docker is needed to build an image: install one"; exit 1; }

set -- --build-arg "MODELS=${MODELS:-yolox-nano}" --tag "$image" --file Containerfile
[ -z "${ASSETS:-}" ] || set -- "$@" --build-context "assets=$ASSETS"
case $tool in
    # Nothing here needs a container to be built in, so that it builds inside one too.
    buildah) set -- "$@" --isolation chroot --layers ;;
    docker) set -- "$@" --load ;;
esac
say "building $image with $tool"
log=$(mktemp)
$tool build "$@" . >"$log" 2>&1 || { tail -n 30 "$log" >&2; rm -f "$log"; exit 1; }
rm -f "$log"

[ -n "${LOAD:-}" ] || exit 0
say "loading $image: $LOAD"
archive=$(mktemp -d)
trap 'rm -rf "$archive"' EXIT
case $tool in
    buildah) buildah push -q "$image" "oci-archive:$archive/image.tar:$image" ;;
    podman) podman save -q --format oci-archive -o "$archive/image.tar" "$image" ;;
    docker) docker save -o "$archive/image.tar" "$image" ;;
esac
$LOAD "$archive/image.tar"
