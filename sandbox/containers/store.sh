#!/bin/sh
# store.sh FOLDER DEBIAN SMALL: makes FOLDER/store, an engine's store with the prepared images, of
# two tars; nothing else stays in FOLDER. Run as root, of a user namespace or of an image's build:
# nothing is mounted, since the mount program that is named is never asked.
set -eu
folder=$1
export HOME="$folder" TMPDIR="$folder" CONTAINERS_STORAGE_CONF="$folder/storage.conf"
export CONTAINERS_CONF="$folder/containers.conf" _CONTAINERS_USERNS_CONFIGURED=done
cat >"$CONTAINERS_STORAGE_CONF" <<END
[storage]
driver = "overlay"
graphroot = "$folder/store"
runroot = "$folder/run"
[storage.options.overlay]
mount_program = "/bin/true"
skip_mount_home = "true"
END
cat >"$CONTAINERS_CONF" <<END
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
tmp_dir = "$folder/tmp"
END
engine() { # each time as if it were the first: without the right to mount it finds no store then
    rm -rf "$folder/tmp"
    podman "$@"
}
engine import --quiet --change 'CMD ["bash"]' "$2" docker.io/library/debian:bookworm-slim
engine import --quiet --change 'CMD ["sh"]' "$3" docker.io/library/busybox:1.35
engine tag docker.io/library/busybox:1.35 docker.io/library/busybox:latest
rm -rf "$folder/store/libpod" "$folder/store/tmp" "$folder/store/mounts"
rm -rf "$folder/store/overlay/.has-mount-program" "$folder/store/overlay-containers"
find "$folder/store" -name '*.lock' -exec chmod 644 {} +
find "$folder" -mindepth 1 -maxdepth 1 ! -name store -exec rm -rf {} +
