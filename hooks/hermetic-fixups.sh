# shellcheck shell=bash
#
# What the setup hooks of hermetic-out share. A hook registers its fixup with registerHermeticFixup;
# all registered ones run after stdenv's own fixups, when every file is where it stays.
# docs/hooks.md has the variables.

# The order in which fixups run, whatever the order of the hooks in nativeBuildInputs. Files move
# before anything names them.
hermeticFixupOrder=(
    relocateEtcToOutAuto
    patchSystemdUnitsAuto
    rewritePkgConfigPrefixAuto
    # What the others have done is looked at, too.
    lintStorePathAuto
)

# The registered fixups, by name. This file is sourced by every hook: it must forget nothing.
declare -gA hermeticFixups

# registerHermeticFixup FUNCTION: has FUNCTION run after stdenv's fixups. Repeating it changes
# nothing: a hook that reaches a package in two ways is sourced twice.
registerHermeticFixup() {
    hermeticFixups[$1]=1
    local hook
    for hook in ${postFixupHooks+"${postFixupHooks[@]}"}; do
        if [[ $hook == runHermeticFixups ]]; then
            return 0
        fi
    done
    postFixupHooks+=(runHermeticFixups)
}

# registerHermeticPreConfigure FUNCTION: has FUNCTION run before a package is configured. Repeating it
# changes nothing.
registerHermeticPreConfigure() {
    local hook
    for hook in ${preConfigureHooks+"${preConfigureHooks[@]}"}; do
        if [[ $hook == "$1" ]]; then
            return 0
        fi
    done
    preConfigureHooks+=("$1")
}

runHermeticFixups() {
    local fixup
    for fixup in "${hermeticFixupOrder[@]}"; do
        if [[ -n ${hermeticFixups[$fixup]-} ]]; then
            "$fixup"
        fi
    done
}

# appendHermeticAttribute ARRAY ATTRIBUTE [OPTION]: appends the words of the derivation's ATTRIBUTE
# to ARRAY, each after OPTION. With __structuredAttrs a list is an array, and a set an associative
# one, which gives KEY=VALUE; without, both are strings of words.
appendHermeticAttribute() {
    local -n appendTo=$1
    local declaration word
    local -a words=()
    # An attribute that is not set has no words.
    declaration=$(declare -p "$2" 2>/dev/null) || return 0
    case $declaration in
    'declare -A'*)
        local -n attribute=$2
        for word in "${!attribute[@]}"; do
            words+=("$word=${attribute[$word]}")
        done
        ;;
    'declare -a'*)
        local -n attribute=$2
        words=("${attribute[@]}")
        ;;
    *)
        # An unquoted expansion would take a glob for the files that it matches.
        read -r -d '' -a words <<<"${!2}" || true
        ;;
    esac
    for word in "${words[@]}"; do
        appendTo+=(${3+"$3"} "$word")
    done
}

# appendHermeticSearchPath ARRAY OPTION PREFIX PATH: appends the directories of PATH that are in the
# store to ARRAY, each after OPTION and with PREFIX in front of it.
appendHermeticSearchPath() {
    local -n appendDirectoriesTo=$1
    local directory
    local -a directories=()
    IFS=: read -r -d '' -a directories <<<"$4" || true
    for directory in "${directories[@]}"; do
        if [[ $directory == "$NIX_STORE"/* ]]; then
            appendDirectoriesTo+=("$2" "$3${directory%$'\n'}")
        fi
    done
}

# appendHermeticOutputNames ARRAY: appends the names of the outputs, sorted. With __structuredAttrs they
# were made in any order.
appendHermeticOutputNames() {
    local -n appendNamesTo=$1
    local joinedNames
    local -a sortedNames=()
    # Not `outputs`: getAllOutputNames reads that.
    joinedNames=$(getAllOutputNames | tr ' ' '\n' | LC_ALL=C sort)
    mapfile -t sortedNames <<<"$joinedNames"
    appendNamesTo+=("${sortedNames[@]}")
}

# appendHermeticPackage ARRAY: appends the options that describe the package being built: its
# outputs, and what their files may refer to. Nothing, if it has no output that is a directory.
appendHermeticPackage() {
    local -n package=$1
    local name path dependency
    local -a described=() all=()
    appendHermeticOutputNames all
    for name in "${all[@]}"; do
        path=${!name-}
        if [[ ! -d $path || -L $path ]]; then
            continue
        fi
        described+=(--output "$name=$path")
        # What is in dev runs while other packages are built: patchShebangs sees it the same way.
        if [[ $name != out && $name == "${outputDev-}" ]]; then
            appendHermeticSearchPath described --output-search-path "$name=" "$PATH"
        fi
    done
    if ((${#described[@]} == 0)); then
        return 0
    fi
    package+=(--store-dir "$NIX_STORE" "${described[@]}")
    # Not PATH: it would lead from what is installed to what it was built with.
    appendHermeticSearchPath package --search-path '' "${HOST_PATH-}"
    # Dependencies without a bin directory are not on HOST_PATH.
    for dependency in ${pkgsHostHost+"${pkgsHostHost[@]}"} ${pkgsHostTarget+"${pkgsHostTarget[@]}"}; do
        package+=(--dependency "$dependency")
    done
}
