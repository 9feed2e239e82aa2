# nixpkgs' polkit reads actions and rules from /run/current-system/sw/share, where NixOS collects
# those of all packages. An image has them in /usr/share: without this, nothing is ever authorised.
# Its setuid helper is in /run/wrappers/bin, in an image, too.
{ checked, withReplacements }:
polkit:
polkit.overrideAttrs (
  old:
  withReplacements
    [ "/run/current-system/sw" ]
    [ "/usr" ]
    [
      "configureFlags"
      "mesonFlags"
      # It moves what was installed there to the output.
      "postInstall"
    ]
    old
  // checked ''
    refuseInVariant /run/current-system
  '' old
)
