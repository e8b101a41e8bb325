// See program.h.
#include "program.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <stdexcept>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace bench {
namespace {

/// Not for the programs that other threads start meanwhile: a server would keep it open for as long as it runs.
std::array<int, 2> new_pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC)) throw std::system_error(errno, std::generic_category(), "pipe");
    return ends;
}

[[noreturn]] void become(const std::vector<std::string>& command) {
    std::vector<char*> arguments;
    for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    execvp(arguments[0], arguments.data());
    _exit(127);
}

} // namespace

std::string output_of(std::vector<std::string> command, const std::string& input) {
    const auto in = new_pipe(), out = new_pipe();
    const pid_t child = fork();
    if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (child == 0) {
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        become(command);
    }
    close(in[0]);
    close(out[1]);
    // The output of these programs fits into a pipe, so writing all of the input first cannot block for ever.
    const auto behind = std::signal(SIGPIPE, SIG_IGN);
    for (size_t done = 0; done < input.size();) {
        const ssize_t written = write(in[1], input.data() + done, input.size() - done);
        if (written <= 0) break; // it has ended early: its status says more
        done += size_t(written);
    }
    close(in[1]);
    std::signal(SIGPIPE, behind);
    std::string output(65536, '\0');
    size_t size = 0;
    for (ssize_t got; (got = read(out[0], output.data() + size, output.size() - size)) > 0;)
        size += size_t(got);
    close(out[0]);
    output.resize(size);
    int status = 0;
    waitpid(child, &status, 0);
    if (status == 127 << 8) throw std::runtime_error("there is no " + command[0]);
    if (status != 0) throw std::runtime_error(command[0] + " failed");
    return output;
}

} // namespace bench
