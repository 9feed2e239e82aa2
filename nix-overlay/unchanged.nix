# unchanged PREV PLATFORM: a package set for the platform, of the same nixpkgs and configuration as
# PREV, that no overlay changes.
prev: platform:
let
  local = prev.stdenv.buildPlatform;
in
import prev.path (
  {
    localSystem = local;
    # The configuration can change packages, too.
    config = builtins.removeAttrs prev.config [ "packageOverrides" ];
    overlays = [ ];
  }
  // prev.lib.optionalAttrs (platform != local) { crossSystem = platform; }
)
