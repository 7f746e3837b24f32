import CLinux

extension UnsafeRawBufferPointer {
    /// Whether that stands in it, by the system's search: Swift's own compares collections in general, and a
    /// proxy asks it of every answer.
    package func holds(_ part: UnsafeRawBufferPointer) -> Bool {
        memmem(baseAddress, count, part.baseAddress, part.count) != nil
    }
}
