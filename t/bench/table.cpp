// See table.h.
#include "table.h"

#include <cstdio>

namespace bench {
namespace {

using Row = std::vector<std::string>;

/// Three digits that mean something.
std::string number(std::optional<double> value) {
    if (!value) return "";
    char text[40];
    std::snprintf(text, sizeof text, "%.*f", *value >= 100 ? 0 : *value >= 10 ? 1 : 2, *value);
    return text;
}

std::string number(const Series& series, size_t place) {
    return series.failed() ? "failed" : number(series.median_of(place));
}

std::string ratio(std::optional<double> value, std::optional<double> reference) {
    if (!value || !reference || *reference == 0) return "";
    return number(*value / *reference);
}

/// A row for the figure beside its first reference, and one for each further reference.
void add_rows(std::vector<Row>& rows, const Measurement& of, size_t place, bool with_kafka) {
    const Figure& figure = of.figures[place];
    const auto ours = of.ours.median_of(place), kafka = of.kafka.median_of(place);
    for (size_t i = 0; i == 0 || i < figure.references.size(); i++) {
        Row row = {i ? "" : figure.name, i ? "" : figure.unit, i ? "" : number(of.ours, place)};
        if (with_kafka) {
            row.push_back(i ? "" : number(of.kafka, place));
            row.push_back(i ? "" : ratio(ours, kafka));
        }
        if (i < figure.references.size()) {
            const Reference& reference = figure.references[i];
            const auto value = reference.yardstick->series.median_of(reference.place);
            row.insert(row.end(), {number(reference.yardstick->series, reference.place), ratio(ours, value),
                                   reference.what});
        }
        rows.push_back(row);
    }
}

std::vector<size_t> widths_of(const std::vector<Row>& rows) {
    std::vector<size_t> widths(rows[0].size(), 3);
    for (const Row& row : rows)
        for (size_t i = 0; i < row.size(); i++) widths[i] = std::max(widths[i], row[i].size());
    return widths;
}

} // namespace

void print_table(const std::vector<Measurement>& measurements, bool with_kafka) {
    Row heading = {"figure", "unit", "pg_kafka"};
    if (with_kafka) heading.insert(heading.end(), {"Kafka", "of it"});
    heading.insert(heading.end(), {"reference", "of it", "what the reference is"});
    std::vector<Row> rows = {heading};
    for (const Measurement& measurement : measurements)
        for (size_t i = 0; i < measurement.figures.size(); i++) add_rows(rows, measurement, i, with_kafka);

    const std::vector<size_t> widths = widths_of(rows);
    const auto is_text = [&](size_t column) { return column < 2 || column + 1 == widths.size(); };
    for (size_t r = 0; r < rows.size(); r++) {
        rows[r].resize(widths.size());
        for (size_t i = 0; i < widths.size(); i++)
            std::printf(is_text(i) ? "| %-*s " : "| %*s ", int(widths[i]), rows[r][i].c_str());
        std::printf("|\n");
        if (r > 0) continue;
        for (size_t i = 0; i < widths.size(); i++)
            std::printf("|%s%s", std::string(widths[i] + 1, '-').c_str(), is_text(i) ? "-" : ":");
        std::printf("|\n");
    }
}

} // namespace bench
