// The words of the table: what is measured, in which units, beside what.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace bench {

/// One round's numbers; nothing where something cannot be seen.
using Values = std::vector<std::optional<double>>;

/// A column of the table: what one broker gave, or what stands beside it. Each round adds its values.
class Series {
public:
    void add(Values values) { rounds_.push_back(std::move(values)); }
    void add_failure() {
        rounds_.emplace_back();
        failed_ = true;
    }
    /// Whether a round failed: the median of the others would hide it.
    bool failed() const { return failed_; }
    size_t rounds() const { return rounds_.size(); }
    /// Of the values at this place; nothing if a round failed.
    std::optional<double> median_of(size_t place) const;

private:
    std::vector<Values> rounds_;
    bool failed_ = false;
};

/// Something that figures are compared with; measured once a round, if a figure that is measured needs it.
struct Yardstick {
    std::string name;
    std::function<Values()> measure;
    Series series{};
};

/// One of the values of a yardstick.
struct Reference {
    std::shared_ptr<Yardstick> yardstick; ///< none: the server behind the broker is not known
    size_t place;
    std::string what;
};

struct Figure {
    std::string name, unit;
    std::vector<Reference> references{};
};

enum class When { before, each_round, after };

/// What is measured at one go of one broker, and the figures that come of it, in the order of its values.
struct Measurement {
    std::string name; ///< what the pattern of the user is held against
    std::vector<Figure> figures;
    std::function<Values(const std::string& bootstrap)> measure;
    When when = When::each_round;
    Series ours{}, kafka{};
};

} // namespace bench
