# shellcheck shell=bash
# Stand-ins for images of registries: Debian's packages under the names that the Dockerfile, Compose and the manifests use, with the
# features of the official images that are used here. The services' base is bookworm, whose libraries they need; the others are trixie,
# which has newer servers.

STANDINS=$ROOT/deploy/docker/test/standins

# image_named VARIABLE: an image's name in .env, without its digest.
image_named() {
    local name
    name=$(sed -n "s/^$1=//p" "$ROOT/.env")
    [[ -n $name ]] || fail ".env names no $1"
    printf '%s\n' "${name%@*}"
}

# base_image SUITE NAME: makes an image of that Debian suite with its security updates.
base_image() {
    local suite=$1 name=$2 folder=$CONTAINERS/debian-$1 archive security
    podman image exists "$name" && return 0
    if ! archive=$(debian_archive Debian) || ! security=$(debian_archive Debian-Security); then
        fail "stand-ins come from Debian, and no apt source of this machine is Debian's"
    fi
    say "Making $name (debootstrap $suite)"
    rm -rf --one-file-system "$folder"
    debootstrap --variant=minbase --force-check-gpg "$suite" "$folder" "$archive" >"$folder.log" 2>&1 || {
        show_log "$folder.log"
        fail "debootstrap failed"
    }
    printf 'deb %s %s main\ndeb %s %s-security main\n' "$archive" "$suite" "$security" "$suite" >"$folder/etc/apt/sources.list"
    rm -rf "$folder"/var/cache/apt/archives/*.deb "$folder"/var/lib/apt/lists/*
    tar --create --numeric-owner --directory="$folder" . | podman import --quiet - "$name" >/dev/null
    rm -rf --one-file-system "$folder"
}

# standin VARIABLE FILE [ARGUMENT…]: builds a stand-in from standins/FILE.
standin() {
    local name
    name=$(image_named "$1")
    say "Making a stand-in for $name"
    podman build --quiet --network host --format docker --tag "$name" --file "$STANDINS/$2" "${@:3}" "$STANDINS" >/dev/null
}

# Sets SWIFT_MOUNTS to the options that mount the machine's toolchain and git's local copies of packages (url.….insteadOf) into a build,
# and makes the stand-in for Swift's image, which uses both.
standin_swift() {
    local toolchain key target
    local -a rewrites=()
    toolchain=$(readlink -f "$(command -v swift)")
    toolchain=${toolchain%/usr/bin/*}
    SWIFT_MOUNTS=(--volume "$toolchain:$toolchain:ro")
    while read -r key target; do
        key=${key#url.}
        key=${key%.insteadof}
        [[ -d $key ]] || continue
        [[ " ${SWIFT_MOUNTS[*]} " == *" $key:$key:ro "* ]] || SWIFT_MOUNTS+=(--volume "$key:$key:ro")
        rewrites+=("$key=$target")
    done < <(git config --get-regexp '^url\..*\.insteadof$')
    standin IMAGEM_SWIFT swift.Dockerfile --build-arg "DEBIAN=$(image_named IMAGEM_DEBIAN)" \
        --build-arg "TOOLCHAIN=$toolchain" --build-arg "REWRITES=${rewrites[*]}"
}

standins_make() {
    base_image bookworm "$(image_named IMAGEM_DEBIAN)"
    base_image trixie localhost/standin/debian:trixie
    standin IMAGEM_POSTGRES postgres.Dockerfile
    standin IMAGEM_RABBITMQ rabbitmq.Dockerfile
    standin IMAGEM_HAPROXY haproxy.Dockerfile
    standin IMAGEM_PYTHON python.Dockerfile
}

# Builds both images from the Dockerfile.
images_build() {
    local service
    standin_swift
    for service in lancamentos consolidado; do
        say "Building the image of $service (the first time compiles everything)"
        run_interruptibly podman build --network host --format docker --target "$service" \
            --file "$ROOT/deploy/docker/Dockerfile" --tag "localhost/fluxo-caixa/$service:dev" \
            --build-arg "REVISAO=$(git -C "$ROOT" rev-parse HEAD 2>/dev/null)" \
            "${SWIFT_MOUNTS[@]}" "$ROOT" || fail "the image of $service was not built"
    done
}

# Makes and validates the bills of materials of both images.
images_bills() {
    local service bill
    for service in lancamentos consolidado; do
        bill=$CONTAINERS/$service.cdx.json
        "$ROOT/deploy/docker/sbom" "$service" "localhost/fluxo-caixa/$service:dev" --engine podman >"$bill" 9<&-
        "$TOOLS/python" -B "$ROOT/deploy/docker/test/bill.py" "$bill" || fail "the bill of materials of $service is not valid"
    done
}
