int hello(void) { return 1; }
