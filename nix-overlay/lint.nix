# The lint in Nix: facts of store paths as derivations, and what they say together.
# docs/lint-in-nix.md explains both.
{
  lib,
  stdenvNoCC,
  buildPackages,
  closureInfo,
}:
let
  # Of a package all outputs that are there at run time, of anything else itself.
  outputsOf =
    package:
    if lib.isDerivation package && package ? outputs && !(package.outputSpecified or false) then
      map (output: package.${output}) (
        builtins.filter (
          output:
          !builtins.elem output [
            "debug"
            "dev"
            "devdoc"
            "devman"
            "doc"
            "info"
            "man"
          ]
        ) package.outputs
      )
    else
      [ package ];

  lintStorePath =
    path:
    stdenvNoCC.mkDerivation {
      # Nothing of the path is in the name but what it is called: it is an input, and nothing else is.
      name = "${path.name or (baseNameOf "${path}")}-facts";
      nativeBuildInputs = [ buildPackages.lint-store-path ];
      strictDeps = true;
      preferLocalBuild = true;
      buildCommand = ''
        lint-store-path --no-cache --store-dir ${builtins.storeDir} --write-facts "$out" ${path}
      '';
      meta.description = "What lint-store-path has to know of a store path";
    };
in
{
  inherit lintStorePath;

  lintClosure =
    {
      name ? "lint-closure",
      # What is looked at, with all that it needs.
      packages,
      # Packages whose facts are derivations of their own; of the rest of the closure the facts are
      # read here.
      factsOf ? packages,
      # RULE[:GLOB].
      allow ? [ ],
      deny ? [ ],
      # RULE[:GLOB]=SEVERITY.
      severity ? [ ],
      # TOML files: see docs/lint-configuration.md.
      config ? null,
      baseline ? null,
      # The least severity that fails the build: error, warning or note. With null the reports are
      # made, whatever they say.
      failOn ? "error",
      # Further options of lint-store-path.
      lintStorePathFlags ? [ ],
    }:
    let
      each = option: values: lib.concatMap (value: [ option "${value}" ]) values;
      ifGiven = option: value: lib.optionals (value != null) [ option "${value}" ];
      closure = closureInfo { rootPaths = packages; };
      facts = map lintStorePath (lib.concatMap outputsOf factsOf);
    in
    stdenvNoCC.mkDerivation {
      inherit name;
      nativeBuildInputs = [ buildPackages.lint-store-path ];
      strictDeps = true;
      __structuredAttrs = true;
      # The reports name what they are about; they do not need it.
      unsafeDiscardReferences.out = true;

      storeArguments = [
        "--no-cache"
        "--store-dir"
        builtins.storeDir
        "--closure"
      ];
      factsArguments = each "--facts" facts ++ [ "${closure}/store-paths" ];
      lintArguments =
        each "--allow" allow
      ++ each "--deny" deny
      ++ each "--severity" severity
      ++ ifGiven "--config" config
      ++ ifGiven "--baseline" baseline
      ++ ifGiven "--fail-on" failOn
      ++ lintStorePathFlags;

      # What the files say is read once, whatever is made of it.
      buildCommand = ''
        lint() {
          NO_COLOR=1 lint-store-path "''${storeArguments[@]}" "$@"
        }
        lint --write-facts facts "''${factsArguments[@]}"
        mkdir "$out"
        for format in html json sarif; do
          lint --facts facts "''${lintArguments[@]}" --format "$format" >"$out/lint.$format" || (($? == 1))
        done
        lint --facts facts "''${lintArguments[@]}"${lib.optionalString (failOn == null) " || (($? == 1))"}
      '';

      passthru = { inherit closure facts; };
      meta.description = "What lint-store-path says about a closure";
    };
}
