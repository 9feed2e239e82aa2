#define HELLO 1
