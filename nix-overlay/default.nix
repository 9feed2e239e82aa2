# An overlay on nixpkgs: the tools, their setup hooks, and what is made of both. It changes no
# package. docs/hooks.md says how to use it.
final: prev:
let
  tools = import ./tools.nix;
  withHook = builtins.filter (name: tools.${name} ? hook) (builtins.attrNames tools);

  # From `prev`: the tool must not need what it is used on, be it systemd.
  package =
    name:
    import ./package.nix {
      inherit (prev) lib rustPlatform rustc;
      inherit name;
      tool = tools.${name};
    };

  # The programs are those of this package set; a build takes the hook from its buildPackages, so
  # that they run there.
  hook =
    name:
    let
      inherit (tools.${name}) hook description;
    in
    final.makeSetupHook {
      name = "${name}-hook";
      substitutions = hook.substitutions final // {
        hermeticFixups = ../hooks/hermetic-fixups.sh;
      };
      meta = {
        description = "Setup hook: ${description}";
        inherit (final.${name}.meta) license platforms;
      };
      passthru.tests = import (./checks + "/${name}.nix") {
        inherit (final) stdenv;
        hook = final.${hook.attribute};
      };
    } (../hooks + "/${name}.sh");
in
builtins.mapAttrs (name: _: package name) tools
// builtins.listToAttrs (
  map (name: {
    name = tools.${name}.hook.attribute;
    value = hook name;
  }) withHook
)
// {
  # withHermeticHooks PACKAGE: the package, built with all hooks.
  withHermeticHooks =
    package:
    package.overrideAttrs (old: {
      nativeBuildInputs =
        (old.nativeBuildInputs or [ ])
        ++ map (name: final.buildPackages.${tools.${name}.hook.attribute}) withHook;
    });

  # hermeticUnits PACKAGE: nothing but the package's units and their companions, patched, for the
  # package as it is.
  hermeticUnits = import ./hermetic-units.nix {
    inherit (prev) lib;
    inherit (final) stdenvNoCC buildPackages;
  };

  # systemd.pc and udev.pc without systemd, for what systemd itself needs.
  systemdPc = import ./systemd-pc.nix {
    inherit (prev) lib;
    inherit (final) stdenvNoCC buildPackages systemd;
  };
}
