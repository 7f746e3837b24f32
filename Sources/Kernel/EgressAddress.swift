/// One of the addresses of this machine that requests to exchanges leave from.
package struct EgressAddress: Hashable, Sendable {
    /// What keys call it: on another node it may be another address.
    package let name: String
    package let source: IPAddress
    /// As exchanges see it, where something on the way translates it.
    package let seenAs: IPAddress

    /// Lower-case letters, digits, `.`, `:`, `-` and `_`: what an address may be written with, too.
    package static func isName(_ text: String) -> Bool {
        let isPlain = { (byte: UInt8) in
            (97...122).contains(byte) || (48...58).contains(byte) || "._-".utf8.contains(byte)
        }
        return (1...45).contains(text.utf8.count) && text.utf8.allSatisfy(isPlain)
    }
}

extension EgressAddress: CustomStringConvertible {
    /// `name=source@seen as`; without a name the source is it, without the rest it is seen as it is.
    package init?(_ text: String) {
        let sides = text.split(separator: "=", omittingEmptySubsequences: false)
        guard sides.count <= 2, let place = sides.last else { return nil }
        let addresses = place.split(separator: "@", omittingEmptySubsequences: false).map {
            IPAddress(String($0))
        }
        guard addresses.count <= 2, let source = addresses[0], let seenAs = addresses[addresses.count - 1]
        else { return nil }
        let name = sides.count == 2 ? String(sides[0]) : source.description
        guard Self.isName(name) else { return nil }
        (self.name, self.source, self.seenAs) = (name, source, seenAs)
    }

    package var description: String {
        "\(name)=\(source)" + (seenAs == source ? "" : "@\(seenAs)")
    }
}

/// All of a node's, in the order of the settings.
package struct EgressAddresses: Hashable, Sendable {
    package let all: [EgressAddress]

    /// The system chooses.
    package static let none = EgressAddresses([])

    package init(_ all: [EgressAddress]) { self.all = all }

    package subscript(_ name: String) -> EgressAddress? { all.first { $0.name == name } }

    package enum Choice: Hashable, Sendable {
        case system
        case address(EgressAddress)
        /// This node has none of that name.
        case missing
    }

    /// - Parameter name: nil: the first, if there is any.
    package func choose(_ name: String?) -> Choice {
        guard let name else { return all.first.map { .address($0) } ?? .system }
        return self[name].map { .address($0) } ?? .missing
    }
}

extension EgressAddresses.Choice {
    package var source: IPAddress? {
        if case .address(let address) = self { address.source } else { nil }
    }

    /// As weights are counted by; empty where the system chooses.
    package var name: String {
        if case .address(let address) = self { address.name } else { "" }
    }
}
