"""The benchmarks: real casework over real sockets into real databases, beside what the machine itself can do."""
