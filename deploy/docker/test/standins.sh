# shellcheck shell=bash
# Stand-ins for the images of registries, which a machine without them cannot pull: Debian's own packages under the names
# that the Dockerfile, Compose and the manifests use, each behaving towards its container as the official image does as far
# as is used here. bookworm below the services, whose libraries it has; trixie, with newer servers, for the rest.

STANDINS=$ROOT/deploy/docker/test/standins

# image_named VARIABLE: an image as .env names it, without a digest, which no stand-in can have.
image_named() {
    local name
    name=$(sed -n "s/^$1=//p" "$ROOT/.env")
    [[ -n $name ]] || fail ".env names no $1"
    printf '%s\n' "${name%@*}"
}

# archive_of LABEL: the address of Debian's archive with that label (apt itself says it, whatever form its sources have).
archive_of() {
    # shellcheck disable=SC2016 # $(REPO_URI) is apt's own
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' "Label: $1" 'Component: main' | head -n 1
}

# base_image SUITE NAME: a Debian of that suite with its security updates.
base_image() {
    local suite=$1 name=$2 folder=$CONTAINERS/debian-$1 archive security
    podman image exists "$name" && return 0
    archive=$(archive_of Debian)
    security=$(archive_of Debian-Security)
    [[ -n $archive && -n $security ]] || fail "stand-ins come from Debian, and no apt source of this machine is Debian's"
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

# standin VARIABLE FILE [ARGUMENT…]: builds a stand-in from FILE in this folder's standins/.
standin() {
    local name
    name=$(image_named "$1")
    say "Making a stand-in for $name"
    podman build --quiet --network host --format docker --tag "$name" --file "$STANDINS/$2" "${@:3}" "$STANDINS" >/dev/null
}

# Sets SWIFT_MOUNTS to the options that bring the machine's toolchain, and the local copies of packages that git here takes
# instead of the network, into a build; makes the stand-in for Swift's image, which finds both.
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

# Builds both images from the Dockerfile as it is.
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

# Makes the bill of materials of both images, and has it validated.
images_bills() {
    local service bill
    for service in lancamentos consolidado; do
        bill=$CONTAINERS/$service.cdx.json
        "$ROOT/deploy/docker/sbom" "$service" "localhost/fluxo-caixa/$service:dev" --engine podman >"$bill" 9<&-
        "$TOOLS/python" -B "$ROOT/deploy/docker/test/bill.py" "$bill" || fail "the bill of materials of $service is not valid"
    done
}
