import Glibc

/// An IPv4 or IPv6 address. An IPv4-mapped IPv6 address (`::ffff:10.0.0.1`) is the IPv4 one: one peer, one
/// form.
package struct IPAddress: Hashable, Comparable, Sendable {
    package enum Family: Sendable { case v4, v6 }

    package let family: Family
    /// The bits, left-aligned for neither: an IPv4 address stands in the lowest 32 bits of `low`.
    package let high: UInt64
    package let low: UInt64

    private init(family: Family, high: UInt64, low: UInt64) {
        (self.family, self.high, self.low) = (family, high, low)
    }

    package init(v4: UInt32) { self.init(family: .v4, high: 0, low: UInt64(v4)) }

    package init(v6 high: UInt64, _ low: UInt64) {
        if high == 0, low >> 32 == 0xFFFF {
            self.init(v4: UInt32(truncatingIfNeeded: low))
        } else {
            self.init(family: .v6, high: high, low: low)
        }
    }

    package var bitCount: Int { family == .v4 ? 32 : 128 }

    package static func < (a: IPAddress, b: IPAddress) -> Bool {
        if a.family != b.family { return a.family == .v4 }
        return (a.high, a.low) < (b.high, b.low)
    }

    package var isLoopback: Bool {
        family == .v4 ? low >> 24 == 127 : high == 0 && low == 1
    }
}

extension IPAddress: CustomStringConvertible {
    package var description: String {
        if family == .v4 { return dotted }
        var address = in6_addr()
        withUnsafeMutableBytes(of: &address) { bytes in
            bytes.storeBytes(of: high.bigEndian, as: UInt64.self)
            bytes.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        return String(unsafeUninitializedCapacity: 46) { buffer in
            buffer.withMemoryRebound(to: CChar.self) { text in
                guard inet_ntop(AF_INET6, &address, text.baseAddress, 46) != nil else { return 0 }
                return text.firstIndex(of: 0) ?? 0
            }
        }
    }

    /// It stands in every line of the access log: fifteen bytes at most, so a String without an allocation.
    private var dotted: String {
        String(unsafeUninitializedCapacity: 15) { buffer in
            var count = 0
            for shift: UInt64 in [24, 16, 8, 0] {
                let part = UInt8(truncatingIfNeeded: low >> shift)
                if part >= 100 { count = buffer.put(48 + part / 100, at: count) }
                if part >= 10 { count = buffer.put(48 + part / 10 % 10, at: count) }
                count = buffer.put(48 + part % 10, at: count)
                if shift > 0 { count = buffer.put(46, at: count) }
            }
            return count
        }
    }

    /// Reads what `inet_pton` reads: four decimal parts, or RFC 4291 text without a zone.
    package init?(_ text: String) {
        // C reads up to the first NUL: what stands behind it must not pass unread.
        guard !text.utf8.contains(0) else { return nil }
        var v4 = in_addr()
        var v6 = in6_addr()
        if inet_pton(AF_INET, text, &v4) == 1 {
            self.init(v4: UInt32(bigEndian: v4.s_addr))
        } else if inet_pton(AF_INET6, text, &v6) == 1 {
            let parts = withUnsafeBytes(of: &v6) {
                ($0.loadUnaligned(as: UInt64.self), $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            }
            self.init(v6: UInt64(bigEndian: parts.0), UInt64(bigEndian: parts.1))
        } else {
            return nil
        }
    }
}

/// A range of addresses: `10.1.0.0/16`, `2001:db8::/32`. A bare address is a range of one.
package struct CIDR: Hashable, Sendable {
    package let address: IPAddress
    package let prefix: Int

    /// Nil when the prefix does not fit the family, or bits are set behind it (a slip that would mislead a
    /// reader).
    package init?(_ address: IPAddress, prefix: Int) {
        guard (0...address.bitCount).contains(prefix), Self.masked(address, prefix) == address else {
            return nil
        }
        (self.address, self.prefix) = (address, prefix)
    }

    /// Of an address without bits behind the prefix.
    fileprivate init(of address: IPAddress, prefix: Int) { (self.address, self.prefix) = (address, prefix) }

    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(String(parts[0])) else { return nil }
        guard parts.count == 2 else {
            self.init(address, prefix: address.bitCount)
            return
        }
        guard parts[1].utf8.allSatisfy({ (48...57).contains($0) }), parts[1].utf8.count <= 3,
            let prefix = Int(parts[1])
        else { return nil }
        self.init(address, prefix: prefix)
    }

    package func contains(_ other: IPAddress) -> Bool {
        other.family == address.family && Self.masked(other, prefix) == address
    }

    private static func masked(_ address: IPAddress, _ prefix: Int) -> IPAddress {
        func mask(_ bits: Int) -> UInt64 { bits <= 0 ? 0 : bits >= 64 ? .max : ~(UInt64.max >> UInt64(bits)) }
        if address.family == .v4 {
            return IPAddress(v4: UInt32(truncatingIfNeeded: address.low & (mask(prefix) >> 32)))
        }
        return IPAddress(v6: address.high & mask(prefix), address.low & mask(prefix - 64))
    }
}

extension IPAddress {
    /// All that one host may call itself: by IPv6 it has at least a /64 to choose from.
    package var host: CIDR {
        family == .v4 ? CIDR(of: self, prefix: 32) : CIDR(of: IPAddress(v6: high, 0), prefix: 64)
    }
}

extension CIDR: CustomStringConvertible {
    package var description: String { "\(address)/\(prefix)" }
}

extension UnsafeMutableBufferPointer<UInt8> {
    fileprivate func put(_ byte: UInt8, at index: Int) -> Int {
        self[index] = byte
        return index + 1
    }
}
