# The overlay as it is used: on its own it builds the tools from the nixpkgs that it is used on.
import ./overlay.nix { }
