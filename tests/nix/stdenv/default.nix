# stdenv.mkDerivation, as far as a fixup hook sees it. See README.md.
{
  lib,
  localSystem,
  shell,
  initialPath,
  # What nixpkgs' config has under the same names: the default of packages that say nothing.
  strictDepsByDefault,
  structuredAttrsByDefault,
}:
let
  inherit (localSystem) system;

  # The hooks are files of the store, as they are in nixpkgs.
  defaultHooks = builtins.path {
    name = "default-hooks.sh";
    path = ./default-hooks.sh;
  };

  setup = derivation {
    name = "stdenv";
    inherit system;
    builder = shell;
    args = [
      "-c"
      ''
        PATH=/usr/bin:/bin
        mkdir "$out"
        {
          echo "initialPath='$initialPath'"
          echo "defaultNativeBuildInputs='$defaultNativeBuildInputs'"
          cat "$setup"
        } >"$out/setup"
      ''
    ];
    inherit initialPath;
    defaultNativeBuildInputs = [ defaultHooks ];
    setup = builtins.path {
      name = "setup.sh";
      path = ./setup.sh;
    };
  };

  inputs = [
    "depsBuildBuild"
    "nativeBuildInputs"
    "depsBuildTarget"
    "depsHostHost"
    "buildInputs"
    "depsTargetTarget"
    "propagatedNativeBuildInputs"
    "propagatedBuildInputs"
  ];

  mkDerivation =
    argument:
    let
      function = if builtins.isFunction argument then argument else _: argument;
      attrs = function (attrs // { finalPackage = package; });
      structured = attrs.__structuredAttrs or structuredAttrsByDefault;
      drv = derivation (
        {
          inherit system;
          strictDeps = strictDepsByDefault;
          __structuredAttrs = structured;
          builder = shell;
          args = [
            "-e"
            (builtins.path {
              name = "builder.sh";
              path = ./builder.sh;
            })
          ];
          stdenv = setup;
        }
        // {
          outputs =
            attrs.outputs or [ "out" ] ++ lib.optional (attrs.separateDebugInfo or false) "debug";
        }
        // lib.optionalAttrs (attrs ? pname) { name = "${attrs.pname}-${attrs.version}"; }
        // builtins.removeAttrs attrs (
          [
            "meta"
            "outputs"
            "passthru"
          ]
          ++ lib.optional (!structured) "env"
        )
        // lib.optionalAttrs (!structured) (attrs.env or { })
        # A dependency with several outputs is taken by the one for developers.
        // lib.genAttrs (builtins.filter (name: attrs ? ${name}) inputs) (
          name: map lib.getDev attrs.${name}
        )
      );
      package =
        drv
        // attrs.passthru or { }
        // {
          meta = attrs.meta or { };
          passthru = attrs.passthru or { };
          overrideAttrs =
            change:
            mkDerivation (
              final:
              let
                old = function final;
                changed = if builtins.isFunction change then change old else change;
              in
              old // (if builtins.isFunction changed then change final old else changed)
            );
        }
        // lib.genAttrs inputs (name: attrs.${name} or [ ])
        // lib.genAttrs drv.outputs (
          output: drv.${output} // package // { inherit (drv.${output}) outPath outputName; outputSpecified = true; }
        );
    in
    package;
in
{
  inherit mkDerivation shell initialPath;
  buildPlatform = localSystem;
  hostPlatform = localSystem;
  targetPlatform = localSystem;
}
