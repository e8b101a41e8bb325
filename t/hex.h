// Bytes as hexadecimal digits, for golden vectors, the fuzzer's corpus and SQL.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

inline std::string from_hex(std::string_view digits) {
    std::string bytes;
    for (size_t i = 0; i + 1 < digits.size(); i += 2)
        bytes.push_back(char(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16)));
    return bytes;
}

inline std::string to_hex(std::string_view bytes) {
    constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (const char byte : bytes) {
        text.push_back(digits[uint8_t(byte) >> 4]);
        text.push_back(digits[uint8_t(byte) & 15]);
    }
    return text;
}
