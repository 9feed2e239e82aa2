#include <stdio.h>

int main(int argc, char **argv) { return printf("hello, %s\n", argc > 1 ? argv[1] : "") < 0; }
