// See options.h.
#include "options.h"

#include <stdexcept>

namespace bench {

Options parse_options(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; i++) {
        const std::string argument = argv[i];
        const size_t equals = argument.find('=');
        const std::string name = argument.substr(0, equals);
        const std::string value = equals == std::string::npos ? "" : argument.substr(equals + 1);
        if (name == "bootstrap")
            options.bootstrap = value;
        else if (name == "kafka")
            options.kafka = value;
        else if (name == "psql")
            options.psql = value;
        else if (name == "disk")
            options.disk = value;
        else if (name == "figures")
            options.figures = value;
        else if (name == "seconds")
            options.seconds = std::stod(value);
        else if (name == "runs")
            options.runs = std::stoi(value);
        else if (name == "grow")
            options.grow_gb = std::stod(value);
        else if (name == "stop")
            options.commands.stop = value;
        else if (name == "start")
            options.commands.start = value;
        else if (name == "kafka-stop")
            options.kafka_commands.stop = value;
        else if (name == "kafka-start")
            options.kafka_commands.start = value;
        else
            throw std::invalid_argument("unknown option: " + argument);
    }
    if (options.bootstrap.empty()) throw std::invalid_argument("bootstrap=host:port is missing");
    if (!(options.seconds > 0) || options.runs < 1)
        throw std::invalid_argument("seconds and runs are numbers above 0");
    return options;
}

} // namespace bench
