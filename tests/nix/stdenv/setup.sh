# shellcheck shell=bash
#
# The part of nixpkgs' stdenv that a fixup hook can see: how inputs are found and hooks are sourced,
# HOST_PATH, phases, the three places of a fixup, what is exported and what is not, and how a build
# fails. The names are nixpkgs'; README.md says what is left out.
#
# default.nix puts in front: initialPath, defaultNativeBuildInputs.

# Attributes come from outside, and much is for hooks to read.
# shellcheck disable=SC2154,SC2034

set -eu -o pipefail
shopt -s inherit_errexit nullglob

# --- Attributes and outputs -------------------------------------------------------------------

if [[ -n ${NIX_ATTRS_SH_FILE-} ]]; then
    __structuredAttrs=1
    # The attributes stay shell variables; only these reach the programs that are run.
    for outputName in "${!outputs[@]}"; do
        declare -x "$outputName=${outputs[$outputName]}"
    done
    unset outputName
    export NIX_ATTRS_SH_FILE NIX_ATTRS_JSON_FILE
    if declare -p env &>/dev/null; then
        for variable in "${!env[@]}"; do
            declare -x "$variable=${env[$variable]}"
        done
        unset variable
    fi
else
    __structuredAttrs=
fi
export NIX_STORE NIX_BUILD_TOP TMPDIR
export SOURCE_DATE_EPOCH=315532800

getAllOutputNames() {
    if [[ -n $__structuredAttrs ]]; then
        echo "${!outputs[*]}"
    else
        echo "$outputs"
    fi
}

# wordsOf NAME: prints the words of an attribute, one a line, whichever form it has.
wordsOf() {
    local -n listed=$1
    local word
    if [[ $(declare -p "$1") == 'declare -a'* ]]; then
        for word in ${listed+"${listed[@]}"}; do
            printf '%s\n' "$word"
        done
    else
        # shellcheck disable=SC2206
        local -a split=(${listed-})
        for word in ${split+"${split[@]}"}; do
            printf '%s\n' "$word"
        done
    fi
}

# --- Hooks ------------------------------------------------------------------------------------

# Their variables have long names: what they run sees them, and must not take them for its own.

# callHook TEXT [ARGUMENT…]: runs a function, or the text of an attribute.
callHook() {
    if declare -F "$1" >/dev/null; then
        "$@"
    else
        eval "$1"
    fi
}

# runHook NAME [ARGUMENT…]: the function or attribute NAME, then the hooks in NAMEHooks.
runHook() {
    local hookName=$1 hookEntry
    shift
    local -n hookEntries=${hookName%Hook}Hooks
    if declare -F "$hookName" >/dev/null; then
        "$hookName" "$@"
    elif [[ -n ${!hookName-} ]]; then
        eval "${!hookName}"
    fi
    for hookEntry in "${hookEntries[@]}"; do
        callHook "$hookEntry" "$@"
    done
}

# --- Failure ----------------------------------------------------------------------------------

exitHandler() {
    local status=$?
    set +eu
    if ((status != 0)); then
        runHook failureHook
    fi
    exit "$status"
}
trap exitHandler EXIT

# --- Search paths -----------------------------------------------------------------------------

# addToSearchPath VARIABLE DIRECTORY: puts an existing directory at the end of a search path.
addToSearchPath() {
    if [[ -d $2 ]]; then
        declare -g "$1=${!1-}${!1:+:}$2"
    fi
}

# shellcheck disable=SC2123
PATH=
HOST_PATH=
for directory in $initialPath; do
    addToSearchPath PATH "$directory/bin"
    if [[ -z ${strictDeps-} ]]; then
        addToSearchPath HOST_PATH "$directory/bin"
    fi
done
unset directory
export PATH
initialHostPath=$HOST_PATH
initialBuildPath=$PATH
_PATH=
_HOST_PATH=

# --- Inputs -----------------------------------------------------------------------------------

# The dependencies by the platforms that they run on and make code for: -1 is the build platform,
# 0 the host, 1 the target.
pkgsBuildBuild=() pkgsBuildHost=() pkgsBuildTarget=()
pkgsHostHost=() pkgsHostTarget=()
pkgsTargetTarget=()

# listOf HOST TARGET: the name of the list for a pair of platforms.
listOf() {
    case $1,$2 in
    -1,-1) echo pkgsBuildBuild ;;
    -1,0) echo pkgsBuildHost ;;
    -1,1) echo pkgsBuildTarget ;;
    0,0) echo pkgsHostHost ;;
    0,1) echo pkgsHostTarget ;;
    1,1) echo pkgsTargetTarget ;;
    esac
}

# mapPlatform PLATFORM HOST TARGET: a platform as a dependency sees it, as this package does.
mapPlatform() {
    if (($1 <= 0)); then
        echo $(($1 + $2))
    else
        echo $(($1 + $3 - 1))
    fi
}

# findInputs PACKAGE HOST TARGET: adds a dependency and what it propagates to the lists.
findInputs() {
    local package=$1 host=$2 target=$3
    local list
    list=$(listOf "$host" "$target")
    local -n known=$list
    local other
    for other in ${known+"${known[@]}"}; do
        if [[ $other == "$package" ]]; then
            return 0
        fi
    done
    known+=("$package")
    local file propagatedHost propagatedTarget
    local -A propagated=(
        ['propagated-build-build-deps']='-1 -1'
        ['propagated-native-build-inputs']='-1 0'
        ['propagated-build-target-deps']='-1 1'
        ['propagated-host-host-deps']='0 0'
        ['propagated-build-inputs']='0 1'
        ['propagated-target-target-deps']='1 1'
    )
    for file in "${!propagated[@]}"; do
        if [[ ! -f $package/nix-support/$file ]]; then
            continue
        fi
        read -r propagatedHost propagatedTarget <<<"${propagated[$file]}"
        propagatedHost=$(mapPlatform "$propagatedHost" "$host" "$target")
        propagatedTarget=$(mapPlatform "$propagatedTarget" "$host" "$target")
        # What is for a platform that this package does not have is none of its business.
        if ((propagatedHost < -1 || propagatedHost > 1 || propagatedTarget < -1 || propagatedTarget > 1)); then
            continue
        fi
        local -a words=()
        read -r -d '' -a words <"$package/nix-support/$file" || true
        for other in ${words+"${words[@]}"}; do
            findInputs "$other" "$propagatedHost" "$propagatedTarget"
        done
    done
}

# activatePackage PACKAGE HOST: sources its setup hook and adds it to the search paths.
activatePackage() {
    local package=$1 host=$2
    if [[ -f $package ]]; then
        # shellcheck disable=SC1090
        source "$package"
    fi
    if [[ -z ${strictDeps-} ]] || ((host <= -1)); then
        addToSearchPath _PATH "$package/bin"
    fi
    if ((host == 0)); then
        addToSearchPath _HOST_PATH "$package/bin"
    fi
    if [[ -f $package/nix-support/setup-hook ]]; then
        # shellcheck disable=SC1091
        source "$package/nix-support/setup-hook"
    fi
}

# The attributes that name dependencies, with the platforms.
inputAttributes=(
    'depsBuildBuild -1 -1'
    'depsBuildBuildPropagated -1 -1'
    'nativeBuildInputs -1 0'
    'propagatedNativeBuildInputs -1 0'
    'defaultNativeBuildInputs -1 0'
    'depsBuildTarget -1 1'
    'depsHostHost 0 0'
    'buildInputs 0 1'
    'propagatedBuildInputs 0 1'
    'depsTargetTarget 1 1'
)

findAllInputs() {
    local input attribute host target package
    local -a packages=()
    for input in "${inputAttributes[@]}"; do
        read -r attribute host target <<<"$input"
        if ! declare -p "$attribute" &>/dev/null; then
            continue
        fi
        mapfile -t packages < <(wordsOf "$attribute")
        for package in ${packages+"${packages[@]}"}; do
            findInputs "$package" "$host" "$target"
        done
    done
}

activateAllInputs() {
    local input list host
    for input in pkgsBuildBuild/-1 pkgsBuildHost/-1 pkgsBuildTarget/-1 pkgsHostHost/0 pkgsHostTarget/0 pkgsTargetTarget/1; do
        list=${input%/*} host=${input#*/}
        local -n activated=$list
        local activatedPackage
        for activatedPackage in ${activated+"${activated[@]}"}; do
            activatePackage "$activatedPackage" "$host"
        done
    done
}

findAllInputs
activateAllInputs
PATH=$_PATH${_PATH:+:}$initialBuildPath
HOST_PATH=$_HOST_PATH${_HOST_PATH:+${initialHostPath:+:}}$initialHostPath
unset _PATH _HOST_PATH initialBuildPath initialHostPath

# --- Substitutions ----------------------------------------------------------------------------

# substituteInPlace FILE… --replace[-fail|-warn|-quiet] FROM TO…: replaces text in files.
substituteInPlace() {
    local file text
    local -a substituted=()
    while (($# > 0)) && [[ $1 != --replace* ]]; do
        substituted+=("$1")
        shift
    done
    for file in "${substituted[@]}"; do
        IFS= read -r -d '' text <"$file" || true
        local -a options=("$@")
        while ((${#options[@]} > 0)); do
            if [[ ${options[0]} == --replace-fail && $text != *"${options[1]}"* ]]; then
                echo "substituteInPlace: $file has no ${options[1]}" >&2
                return 1
            fi
            text=${text//"${options[1]}"/"${options[2]}"}
            options=("${options[@]:3}")
        done
        printf %s "$text" >"$file"
    done
}

# --- Phases -----------------------------------------------------------------------------------

unpackPhase() {
    runHook preUnpack
    if [[ -n ${src-} ]]; then
        cp --recursive --no-preserve=mode,ownership "$src" source
        # A copy loses the execute bits with the rest of the mode.
        local file
        while IFS= read -r -d '' file; do
            chmod +x "source/${file#"$src"/}"
        done < <(find "$src" -type f -perm /111 -print0)
        cd source
    fi
    runHook postUnpack
}

patchPhase() {
    runHook prePatch
    if declare -p patches &>/dev/null; then
        local file
        while IFS= read -r file; do
            patch --strip=1 --silent <"$file"
        done < <(wordsOf patches)
    fi
    runHook postPatch
}

configurePhase() {
    runHook preConfigure
    runHook postConfigure
}

buildPhase() {
    runHook preBuild
    runHook postBuild
}

installPhase() {
    runHook preInstall
    runHook postInstall
}

fixupPhase() {
    local outputNames
    outputNames=$(getAllOutputNames)
    read -r -a outputNames <<<"$outputNames"
    prefix=$out
    runHook preFixup
    for output in "${outputNames[@]}"; do
        prefix=${!output} runHook fixupOutput
    done
    recordPropagated
    runHook postFixup
}

# What comes along with a package, in its output for developers.
recordPropagated() {
    local attribute file words
    local -A files=(
        [propagatedNativeBuildInputs]=propagated-native-build-inputs
        [propagatedBuildInputs]=propagated-build-inputs
    )
    for attribute in "${!files[@]}"; do
        if ! declare -p "$attribute" &>/dev/null; then
            continue
        fi
        words=$(wordsOf "$attribute")
        if [[ -n $words ]]; then
            file=${!outputDev}/nix-support/${files[$attribute]}
            mkdir -p "${file%/*}"
            printf '%s\n' "$words" >>"$file"
        fi
    done
}

installCheckPhase() {
    runHook preInstallCheck
    runHook postInstallCheck
}

# The phases, and the attributes that leave them out.
allPhases=(
    unpackPhase/dontUnpack
    patchPhase/dontPatch
    configurePhase/dontConfigure
    buildPhase/dontBuild
    installPhase/dontInstall
    fixupPhase/dontFixup
    installCheckPhase/dontInstallCheck
)

genericBuild() {
    set +u
    if [[ -n ${buildCommand-} ]]; then
        eval "$buildCommand"
        return
    fi
    local entry curPhase optOut
    for entry in "${allPhases[@]}"; do
        curPhase=${entry%/*} optOut=${entry#*/}
        if [[ -n ${phases-} && " $phases " != *" $curPhase "* || -n ${!optOut-} ]]; then
            continue
        fi
        if [[ $curPhase == installCheckPhase && -z ${doInstallCheck-} ]]; then
            continue
        fi
        # An attribute wins over the function of the same name.
        if [[ -n ${!curPhase-} ]]; then
            eval "${!curPhase}"
        else
            "$curPhase"
        fi
    done
}
