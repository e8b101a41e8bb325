// How long a broker takes from its start to its first answer.
#pragma once
#include <functional>
#include <optional>
#include <string>

namespace bench {

/// Shell commands that stop and start a broker on this machine; each returns when it has done so.
struct Commands {
    std::string stop, start;

    bool known() const { return !stop.empty() && !start.empty(); }
};

/// Seconds from the command that starts the stopped broker until it answers for all of its topics, with so many more of ten
/// partitions than it has, each with a record. Nothing if the commands are not known.
std::optional<double> start_to_first_answer(const std::string& bootstrap, const Commands& commands,
                                            int topics);

/// Seconds from the command that starts the stopped broker until ready() returns true; it may throw until then. Nothing if the
/// commands are not known.
std::optional<double> time_of_start(const Commands& commands, const std::function<bool()>& ready);

/// Seconds until the server behind the broker answers a query.
double start_to_first_query(const Commands& commands, const std::string& psql);

} // namespace bench
