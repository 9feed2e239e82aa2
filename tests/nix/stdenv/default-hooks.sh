# shellcheck shell=bash
#
# The fixups that stdenv runs on every package, as far as they move or change files. Like nixpkgs'
# they are sourced after the package's own hooks, and therefore run after them in each place.

# setup.sh sets the outputs and what is done with them.
# shellcheck disable=SC2154

preFixupHooks+=(moveToShare moveToDev moveToDoc)
fixupOutputHooks+=(compressManPages moveLib64 moveSbin moveSystemdUserUnits patchShebangsAuto separateDebug stripFiles)
postFixupHooks+=(refuseBrokenSymlinks propagateOutputs)

# firstOutput NAME…: the first of the names that an output has.
firstOutput() {
    local name
    for name in "$@"; do
        if [[ -n ${!name-} ]]; then
            echo "$name"
            return 0
        fi
    done
}

# Which output has what. Where there is none of these names, `out` has it, or else it is not kept.
outputDev=$(firstOutput dev out)
outputBin=$(firstOutput bin out)
outputInclude=$outputDev
outputLib=$(firstOutput lib out)
outputDoc=$(firstOutput doc out)
outputMan=$(firstOutput man "$outputBin")

# moveInto FROM TO: moves what is in one directory to another, and removes the first.
moveInto() {
    local entry
    mkdir -p "$2"
    for entry in "$1"/*; do
        mv "$entry" "$2/"
    done
    rmdir "$1"
}

# moveToOutput SUBPATH OUTPUT: moves files to an output, from all others.
moveToOutput() {
    local to=${!2} from name names
    names=$(getAllOutputNames)
    for name in $names; do
        from=${!name}
        if [[ $from == "$to" || ! -e $from/$1 ]]; then
            continue
        fi
        mkdir -p "$to/$1"
        moveInto "$from/$1" "$to/$1"
        # Directories that are left empty go, too.
        rmdir --ignore-fail-on-non-empty --parents "$from/${1%/*}" 2>/dev/null || true
    done
}

moveToShare() {
    local name names directory
    names=$(getAllOutputNames)
    for name in $names; do
        for directory in man doc info; do
            if [[ -d ${!name}/$directory ]]; then
                moveInto "${!name}/$directory" "${!name}/share/$directory"
            fi
        done
    done
}

moveToDev() {
    local path
    if [[ $outputDev != out ]]; then
        for path in include lib/pkgconfig share/pkgconfig lib/cmake share/aclocal; do
            moveToOutput "$path" "$outputDev"
        done
    fi
}

moveToDoc() {
    if [[ $outputDoc != out ]]; then
        moveToOutput share/doc "$outputDoc"
    fi
    if [[ $outputMan != out ]]; then
        moveToOutput share/man "$outputMan"
    fi
}

compressManPages() {
    if [[ -z ${dontGzipMan-} && -d $prefix/share/man ]]; then
        find "$prefix/share/man" -type f ! -name '*.gz' -exec gzip --no-name --best {} +
    fi
}

moveLib64() {
    if [[ -z ${dontMoveLib64-} && -d $prefix/lib64 && ! -L $prefix/lib64 ]]; then
        moveInto "$prefix/lib64" "$prefix/lib"
        ln -s lib "$prefix/lib64"
    fi
}

moveSbin() {
    if [[ -z ${dontMoveSbin-} && -d $prefix/sbin && ! -L $prefix/sbin ]]; then
        moveInto "$prefix/sbin" "$prefix/bin"
        ln -s bin "$prefix/sbin"
    fi
}

moveSystemdUserUnits() {
    if [[ -z ${dontMoveSystemdUserUnits-} && -d $prefix/lib/systemd/user && ! -L $prefix/lib/systemd/user ]]; then
        moveInto "$prefix/lib/systemd/user" "$prefix/share/systemd/user"
        ln -s ../../share/systemd/user "$prefix/lib/systemd/user"
    fi
}

patchShebangsAuto() {
    if [[ -n ${dontPatchShebangs-} || ! -d $prefix ]]; then
        return 0
    fi
    local file line interpreter found searchPath=$HOST_PATH
    if [[ $output != out && $output == "$outputDev" ]]; then
        searchPath=$PATH
    fi
    while IFS= read -r -d '' file; do
        line=
        IFS= read -r line <"$file" || true
        if [[ $line != '#!'*/* || $line == "#!$NIX_STORE"/* ]]; then
            continue
        fi
        read -r interpreter _ <<<"${line#'#!'}"
        if found=$(PATH=$searchPath type -P "${interpreter##*/}"); then
            echo "$file: interpreter $interpreter becomes $found"
            sed --in-place "1s|$interpreter|$found|" "$file"
        fi
    done < <(find "$prefix" -type f -perm /100 -print0)
}

# What debuggers need of ELF files is in `debug`, by the files' build ids.
separateDebug() {
    local file id directory
    if [[ -z ${separateDebugInfo-} || $output == debug || ! -d $prefix ]]; then
        return 0
    fi
    mkdir -p "$debug"
    while IFS= read -r -d '' file; do
        id=$(readelf --notes "$file" 2>/dev/null | sed --quiet 's|.*Build ID: ||p') || true
        if [[ -z $id ]]; then
            continue
        fi
        directory=$debug/lib/debug/.build-id/${id:0:2}
        mkdir -p "$directory"
        objcopy --only-keep-debug --compress-debug-sections "$file" "$directory/${id:2}.debug"
        ln -sfn ".build-id/${id:0:2}/${id:2}.debug" "$debug/lib/debug/${file##*/}.debug"
    done < <(find "$prefix" -type f -print0 | sort --zero-terminated)
}

stripFiles() {
    local directory file
    if [[ -n ${dontStrip-} ]] || ! type -P strip >/dev/null; then
        return 0
    fi
    for directory in bin lib libexec; do
        if [[ ! -d $prefix/$directory || -L $prefix/$directory ]]; then
            continue
        fi
        while IFS= read -r -d '' file; do
            strip --strip-debug "$file" 2>/dev/null || true
        done < <(find "$prefix/$directory" -type f -print0)
    done
}

# Whoever depends on the output for developers gets programs, headers and libraries, too: where there are
# several outputs, it names those that have them. So `out` without a dev names bin.
propagateOutputs() {
    local name names
    names=$(getAllOutputNames)
    if [[ $names == out ]]; then
        return 0
    fi
    names=$(printf '%s\n' "$outputBin" "$outputInclude" "$outputLib" | sort --unique)
    for name in $names; do
        if [[ $name != "$outputDev" ]]; then
            mkdir -p "${!outputDev}/nix-support"
            printf ' %s' "${!name}" >>"${!outputDev}/nix-support/propagated-build-inputs"
        fi
    done
}

refuseBrokenSymlinks() {
    local name names link
    if [[ -n ${dontCheckForBrokenSymlinks-} ]]; then
        return 0
    fi
    names=$(getAllOutputNames)
    for name in $names; do
        while IFS= read -r -d '' link; do
            if [[ $(readlink "$link") == "$NIX_STORE"/* || $(readlink "$link") != /* ]]; then
                echo "$link is a broken symlink" >&2
                return 1
            fi
        done < <(find "${!name}" -xtype l -print0 2>/dev/null)
    done
}
