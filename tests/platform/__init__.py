"""What a platform does to a worker: signals, full disks, lost files, blocked pipes, clocks that jump."""
