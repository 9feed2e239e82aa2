static const char *zones = "/usr/share/zoneinfo";
