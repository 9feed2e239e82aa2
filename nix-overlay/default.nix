# An overlay on nixpkgs: the tools, their setup hooks, and what is made of both. It changes no
# package. docs/hooks.md and docs/images-in-nix.md say how to use it.
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

  # For images. From `prev`: other packages keep what they are built with.
  variants = import ./variants { inherit (prev) lib; };
  variant = name: package: final.withHermeticHooks (variants.${name} package);
  # libkmod is in systemd, too. What cannot be overridden keeps its own.
  withHermeticKmod =
    package: if package ? override then package.override { kmod = final.hermeticKmod; } else package;
in
builtins.mapAttrs (name: _: package name) tools
// builtins.listToAttrs (
  map (name: {
    name = tools.${name}.hook.attribute;
    value = hook name;
  }) withHook
)
// {
  # withHermeticHooks PACKAGE: the package, built with all hooks that fix something.
  withHermeticHooks =
    package:
    package.overrideAttrs (old: {
      nativeBuildInputs =
        (old.nativeBuildInputs or [ ])
        ++ map (name: final.buildPackages.${tools.${name}.hook.attribute}) (
          builtins.filter (name: !(tools.${name}.hook.isOptional or false)) withHook
        );
    });

  # hermeticUnits PACKAGE: nothing but the package's units and integration files, patched, for the
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

  # lintStorePath PATH: what the lint has to know of a package's output, as a derivation.
  # lintClosure { packages, … }: what is wrong in all that packages need.
  inherit
    (import ./lint.nix {
      inherit (prev) lib;
      inherit (final) stdenvNoCC buildPackages closureInfo;
    })
    lintStorePath
    lintClosure
    ;

  # hermeticImage { packages, … }: an image that boots.
  hermeticImage = import ./hermetic-image.nix {
    inherit (prev) lib;
    inherit (final)
      stdenv
      stdenvNoCC
      buildPackages
      closureInfo
      writeText
      writeTextDir
      ;
  };

  # The packages that a running NixOS is a part of, for images.
  hermeticDbus = variant "dbus" prev.dbus;
  hermeticKmod = variant "kmod" prev.kmod;
  hermeticPolkit = variant "polkit" prev.polkit;
  hermeticSystemd = variant "systemd" (withHermeticKmod prev.systemd);
  # With ukify: it needs Python, and belongs to what makes images rather than into them.
  hermeticSystemdUkify = variant "systemd" (
    withHermeticKmod (prev.systemdUkify or (prev.systemd.override { withUkify = true; }))
  );

  # For `linux.override { structuredExtraConfig = hermeticKernelConfig; }`.
  hermeticKernelConfig = import ./kernel-config.nix { inherit (prev) lib; };
}
