set_target_properties(x PROPERTIES
  IMPORTED_LOCATION_RELEASE "/nix/store/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb-right/lib/libx.so"
  )
