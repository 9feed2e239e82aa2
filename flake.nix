{
  description = "Fixup hooks, a lint and an image assembler that make nixpkgs packages self-contained";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      overlay = import ./nix-overlay;
      namesOf = builtins.attrNames;
      genAttrs =
        names: value:
        builtins.listToAttrs (
          map (name: {
            inherit name;
            value = value name;
          }) names
        );
      # With the overlay, for each system that the tools are built on.
      forSystems =
        perSystem:
        genAttrs [ "aarch64-linux" "x86_64-linux" ] (
          system: perSystem (nixpkgs.legacyPackages.${system}.extend overlay)
        );
      tools = import ./nix-overlay/tools.nix;
      packages = pkgs: genAttrs (namesOf tools) (name: pkgs.${name});
      hooks = builtins.filter (name: tools.${name} ? hook) (namesOf tools);
      hookOf = pkgs: name: pkgs.${tools.${name}.hook.attribute};
    in
    {
      overlays.default = overlay;
      # With arguments: where the tools come from.
      lib.overlayWith = import ./nix-overlay/overlay.nix;

      packages = forSystems (
        pkgs:
        packages pkgs
        // rec {
          # All tools in one.
          hermetic-out = pkgs.symlinkJoin {
            name = "hermetic-out-${pkgs.lint-store-path.version}";
            paths = builtins.attrValues (packages pkgs);
          };
          default = hermetic-out;
        }
      );

      # nix run .#lint-store-path -- --closure /run/current-system
      apps = forSystems (
        pkgs:
        genAttrs (namesOf tools) (name: {
          type = "app";
          program = "${pkgs.${name}}/bin/${name}";
        })
      );

      # HOOK-TEST: small packages that are built with a hook.
      checks = forSystems (
        pkgs:
        builtins.listToAttrs (
          builtins.concatMap (
            name:
            let
              inherit ((hookOf pkgs name).passthru) tests;
            in
            map (test: {
              name = "${name}-${test}";
              value = tests.${test};
            }) (builtins.filter (test: tests.${test} ? outPath) (namesOf tests))
          ) hooks
        )
      );

      devShells = forSystems (pkgs: {
        default = import ./shell.nix { inherit pkgs; };
      });

      formatter = forSystems (pkgs: pkgs.nixfmt);
    };
}
