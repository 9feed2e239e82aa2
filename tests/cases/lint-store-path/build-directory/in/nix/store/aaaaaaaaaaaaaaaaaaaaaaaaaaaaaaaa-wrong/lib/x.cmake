# Made by cmake.
set(INCLUDES "/build/source/include")
