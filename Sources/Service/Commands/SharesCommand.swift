import CLinux
import Crypto

/// `keybell shares split` and `keybell shares combine`: the root key in the hands of several people. They
/// need no service and no database.
enum SharesCommand {
    static let usage = """
        usage: keybell shares split --threshold K --shares N [--output DIR]
                                   [--root-key-file FILE] [--env-file FILE]
               keybell shares combine [--root-key-file FILE] [--fingerprint HEX] [SHARE-FILE …]

        split    cuts the root key into N shares, of which any K give it back (2 to 16). They are shown on
                 the terminal, or written into DIR, one file each with mode 0600. Without --root-key-file,
                 the key is the one that the service would use.
        combine  takes shares from the files, from standard input, or from the terminal, where they are not
                 shown. With --fingerprint, only that key will do. With --root-key-file, the key is written
                 to a new file with mode 0600; without, the shares are only proven.
        """

    static func run(_ arguments: [String]) -> Int32 {
        _ = klinux_set_not_dumpable()
        let rest = Array(arguments.dropFirst())
        switch arguments.first {
        case "split": return SplitCommand.run(rest)
        case "combine": return CombineCommand.run(rest)
        default:
            Command.complain(usage)
            return 2
        }
    }

    static func misunderstood(_ mistake: String) -> Int32 {
        Command.complain("keybell: \(mistake)\n\n\(usage)")
        return 2
    }

    static func failed(_ error: any Error) -> Int32 {
        Command.complain("keybell: \(error)")
        return 1
    }
}
