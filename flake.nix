{
  description = "Fixup hooks that make nixpkgs packages self-contained";

  outputs = _: {
    overlays.default = import ./nix-overlay;
  };
}
