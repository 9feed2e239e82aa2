# shellcheck shell=bash
#
# What Nix starts: reads the attributes, then stdenv's setup, then builds.

# shellcheck disable=SC1090
if [[ -n ${NIX_ATTRS_SH_FILE-} ]]; then
    source "$NIX_ATTRS_SH_FILE"
fi

# shellcheck disable=SC1091,SC2154
source "$stdenv/setup"
genericBuild
