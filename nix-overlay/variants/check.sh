# shellcheck shell=bash
#
# What a variant changes it finds by its text, and a version that says it in another way stays as it is. So
# what was built is looked at, after all fixups: it must not name what an image does not have.

# filesOfVariant NAME SUBPATH: prints the files below SUBPATH of the outputs that hold NAME, but for those
# that are only read by people and debuggers.
filesOfVariant() {
    local output names
    # Not `outputs`: getAllOutputNames reads that.
    names=$(getAllOutputNames)
    for output in $names; do
        if [[ ! $output =~ ^(debug|dev|devdoc|devman|doc|info|man)$ && -e ${!output}/$2 ]]; then
            grep --recursive --text --files-with-matches --fixed-strings \
                --exclude-dir={doc,info,man} -e "$1" "${!output}/$2" || true
        fi
    done
}

# refuseInVariant NAME [SUBPATH]: NAME must not be in a file.
refuseInVariant() {
    local files
    files=$(filesOfVariant "$1" "${2-}")
    if [[ -n $files ]]; then
        echo "error: what an image does not have, $1, is still named in:"
        echo "$files"
        echo "This version of ${pname-the package} sets it in a way that the variant does not know." \
            "Change the attribute with overrideAttrs, or mend nix-overlay/variants."
        return 1
    fi
}

# requireInVariant NAME SUBPATH: NAME must be in the file, if there is such a file.
requireInVariant() {
    # shellcheck disable=SC2154 # stdenv sets the outputs
    if [[ -e $out/$2 && -z $(filesOfVariant "$1" "$2") ]]; then
        echo "error: $out/$2 does not name $1, where an image has the files of all packages."
        echo "This version of ${pname-the package} sets it in a way that the variant does not know." \
            "Mend nix-overlay/variants."
        return 1
    fi
}

postFixupHooks+=(checkVariant)
