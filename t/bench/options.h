// What the user chose: bench name=value ...
#pragma once
#include "start.h"

#include <string>

namespace bench {

struct Options {
    std::string bootstrap; ///< the broker that is measured
    std::string kafka;     ///< another one, measured alternately; empty: none
    std::string psql; ///< connection string of the server behind `bootstrap`; empty: nothing is asked of it
    std::string disk = ".";            ///< a directory on the disk where the data is
    std::string figures = ".";         ///< a regular expression: only what matches is measured
    double seconds = 3;                ///< that each figure is measured for
    int runs = 3;                      ///< the table has the medians of so many
    double grow_gb = 0;                ///< a log is to grow to so many GB; 0: none
    Commands commands, kafka_commands; ///< of the two brokers

    const Commands& commands_of(const std::string& broker) const {
        return broker == bootstrap ? commands : kafka_commands;
    }
};

/// Throws std::invalid_argument if there is something that it does not know, or no broker.
Options parse_options(int argc, char** argv);

} // namespace bench
