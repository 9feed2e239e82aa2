set_target_properties(x PROPERTIES
  IMPORTED_LOCATION_RELEASE "/nix/store/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-wrong//nix/store/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-wrong/lib/libx.so"
  )
