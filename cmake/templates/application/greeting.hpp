// greeting.hpp: a greeting that takes both languages.
#pragma once

#include <string>

#include <pyasync/pyasync.hpp>

/// Greets, with these words, whom people.py names.
pyasync::task<std::string> greeting(std::string words);
