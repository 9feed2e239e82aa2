import ../../../../examples/one-package/package.nix
