// What the fuzzer throws bytes at: everything that reads what a client sends, without a server. Each function ends the
// process when something that must always hold does not. The unit tests throw the kept corpus at them as well.
#pragma once
#include <string_view>

namespace fuzz {

/// A frame without its size field: is it a request?
void wire(std::string_view input);
/// A record batch, mended as the first byte says so that more than the CRC is reached, is checked, read and recompressed.
void record(std::string_view input);
/// What a connection sends, in pieces whose sizes are the first bytes.
void net(std::string_view input);

/// The bytes that consumers of the classic protocol leave with their group, or a regular expression, as the first byte says.
void group(std::string_view input);

/// What transactional producers ask for, and what befalls the broker meanwhile.
void txn(std::string_view input);

/// Ends the process unless it holds.
void must(bool holds, const char* what);

struct Target {
    const char* name;
    void (*run)(std::string_view input);
};
inline constexpr Target targets[] = {
    {"wire", wire}, {"record", record}, {"net", net}, {"group", group}, {"txn", txn}};

} // namespace fuzz
