import Glibc
import SocketExecutor
import Testing

func tid() -> Int { Int(syscallTid()) }
func syscallTid() -> UInt { pthread_self() }
actor A {
    nonisolated let executor = SocketExecutor(name: "x")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    func go() async {
        print("actor", tid())
        await plain()
        print("back", tid())
        await iso()
        await withTaskCancellationHandler {
            print("tch", tid())
        } onCancel: {
        }
        await withCheckedContinuation {
            print("cc", tid()); $0.resume()
        }
        await both()
        await both2()
        _ = await executor.wait(for: [], on: -1, until: .now + .milliseconds(10))
        print("end", tid())
    }
}
nonisolated(nonsending) func plain() async { print("nonsending", tid()) }
func iso(isolation: isolated (any Actor)? = #isolation) async { print("iso", tid()) }
func both() async {
    await withTaskCancellationHandler {
        print("both tch", tid());
        await withCheckedContinuation {
            print("both cc", tid()); $0.resume()
        }
    } onCancel: {
    }
    print("both end", tid())
}
func both2(isolation: isolated (any Actor)? = #isolation) async {
    await withTaskCancellationHandler {
        print("both2 tch", tid());
        await withCheckedContinuation {
            print("both2 cc", tid()); $0.resume()
        }
    } onCancel: {
    }
    print("both2 end", tid())
}
@Suite struct Tmp { @Test func t() async { print("test", tid()); let a = A(); await a.go(); a.executor.stop() } }
