// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.InferenceException;
import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.onnx.TensorSpec.ElementType;
import dev.darkroom.inference.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * An ONNX Runtime session.
 *
 * <p>Same graph, inputs, CPU features and runtime build give the same bytes on every run, whatever the number of threads. Rows of a
 * batch do not influence each other's bytes either for the graphs measured (see the module's README); ONNX Runtime promises that
 * for no graph, so a pipeline that relies on it tests its own.
 */
public final class OrtModel implements OnnxModel {
    /** Reserved, not touched; a command line has at most 2 MB. */
    private static final long START_STACK_BYTES = 512L << 20;

    /** Runs in progress, of all models. */
    private static final AtomicInteger RUNNING = new AtomicInteger();

    private final Path graph;
    private final SessionSettings settings;
    private final OrtSession session;
    private final List<TensorSpec> inputs;
    private final List<TensorSpec> outputs;
    private final AtomicBoolean closed = new AtomicBoolean();
    private volatile @Nullable OrtModel narrow;

    private OrtModel(Path graph, SessionSettings settings, OrtSession session) throws OrtException {
        this.graph = graph;
        this.settings = settings;
        this.session = session;
        this.inputs = specs(session.getInputInfo().values());
        this.outputs = specs(session.getOutputInfo().values());
    }

    /**
     * Loads a graph and the weight files that it points into. Several threads may load at once. The caller closes the model.
     *
     * @throws InferenceException if the file is no graph that this runtime can run, or the provider is absent
     */
    public static OrtModel load(Path graph, SessionSettings settings) {
        OrtEnvironment environment = environment();
        try (NativeScope scope = new NativeScope()) {
            OrtSession.SessionOptions options = scope.own(new OrtSession.SessionOptions());
            configure(options, settings);
            return open(graph, settings, environment.createSession(graph.toString(), options));
        } catch (OrtException e) {
            throw new InferenceException("cannot load " + graph.getFileName() + ": " + e.getMessage(), e);
        }
    }

    /** As {@link #load(Path, SessionSettings)}, for a part of a model folder: a graph that does not load is a folder that does not fit. */
    static OrtModel load(String component, Path graph, SessionSettings settings) {
        try {
            return load(graph, settings);
        } catch (InferenceException e) {
            throw new ModelDirectoryException(
                    component,
                    graph.getFileName().toString(),
                    "a graph that ONNX Runtime runs",
                    String.valueOf(e.getMessage()));
        }
    }

    /** Returns the process-wide runtime; it logs nothing, because failures arrive as exceptions and inputs are private. */
    static OrtEnvironment environment() {
        return Environment.INSTANCE;
    }

    private static final class Environment {
        static final OrtEnvironment INSTANCE = createEnvironment();
    }

    /**
     * On a thread of its own: ONNX Runtime 1.29 matches a recursive regular expression against the command line of the process, about
     * 260 bytes of stack for each character, and a class path of some kilobytes overflows an ordinary stack.
     */
    private static OrtEnvironment createEnvironment() {
        var creation = new FutureTask<>(
                () -> OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL, "darkroom"));
        new Thread(null, creation, "onnxruntime-start", START_STACK_BYTES).start();
        try {
            return creation.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InferenceException("interrupted while ONNX Runtime started", e);
        } catch (ExecutionException e) {
            throw new InferenceException("ONNX Runtime did not start: " + e.getCause(), e);
        }
    }

    /** Refuses a provider that this build or machine lacks, before any file is read. */
    static void requireProvider(SessionSettings settings) {
        try (NativeScope scope = new NativeScope()) {
            configure(scope.own(new OrtSession.SessionOptions()), settings);
        } catch (OrtException e) {
            throw new InferenceException("ONNX Runtime refuses its settings: " + e.getMessage(), e);
        }
    }

    private static void configure(OrtSession.SessionOptions options, SessionSettings settings) throws OrtException {
        options.setIntraOpNumThreads(settings.intraOpThreads());
        options.setInterOpNumThreads(1);
        options.setDeterministicCompute(true);
        // within a run, for waking up costs more than most nodes; not after it, where spinning threads starve other
        // sessions
        options.addConfigEntry("session.intra_op.allow_spinning", "1");
        options.addConfigEntry("session.force_spinning_stop", "1");
        if (settings.provider() == ExecutionProvider.CUDA) {
            addCuda(options);
        }
    }

    private static void addCuda(OrtSession.SessionOptions options) {
        try {
            options.addCUDA(0);
        } catch (OrtException e) {
            throw new InferenceException(
                    "execution provider CUDA is not available here: build with the Maven profile gpu (./mvnw -Pgpu package) and"
                            + " run on a machine with an NVIDIA driver, CUDA 12 and cuDNN 9, or choose CPU",
                    e);
        }
    }

    private static OrtModel open(Path graph, SessionSettings settings, OrtSession session) throws OrtException {
        try {
            OrtModel model = new OrtModel(graph, settings, session);
            LiveHandles.opened();
            return model;
        } catch (OrtException | InferenceException e) {
            session.close();
            throw e;
        }
    }

    private static List<TensorSpec> specs(Collection<NodeInfo> nodes) {
        return nodes.stream().map(OrtModel::spec).toList();
    }

    private static TensorSpec spec(NodeInfo node) {
        if (!(node.getInfo() instanceof TensorInfo info)) {
            throw new InferenceException(node.getName() + " is not a tensor: " + node.getInfo());
        }
        ElementType type = switch (info.type) {
            case FLOAT16 -> ElementType.FLOAT16;
            case FLOAT -> ElementType.FLOAT32;
            case DOUBLE -> ElementType.FLOAT64;
            case INT32 -> ElementType.INT32;
            case INT64 -> ElementType.INT64;
            case BOOL -> ElementType.BOOL;
            default -> throw new InferenceException(node.getName() + " has unsupported element type " + info.type);
        };
        List<Long> dims = Arrays.stream(info.getShape()).boxed().toList();
        return new TensorSpec(node.getName(), type, dims, List.of(info.getDimensionNames()));
    }

    @Override
    public List<TensorSpec> inputs() {
        return inputs;
    }

    @Override
    public List<TensorSpec> outputs() {
        return outputs;
    }

    @Override
    public Map<String, Tensor> run(Map<String, Tensor> values, Set<String> wanted, Cancellation cancellation) {
        Signatures.requireMatch(inputs, values);
        cancellation.check();
        OrtModel shared = narrow;
        boolean alone = RUNNING.getAndIncrement() == 0;
        try {
            return (alone || shared == null ? this : shared).compute(values, wanted, cancellation);
        } finally {
            RUNNING.decrementAndGet();
        }
    }

    private Map<String, Tensor> compute(Map<String, Tensor> values, Set<String> wanted, Cancellation cancellation) {
        try (Arena arena = Arena.ofConfined();
                NativeScope scope = new NativeScope()) {
            Map<String, OnnxTensor> natives = new HashMap<>();
            for (TensorSpec input : inputs) {
                Tensor value = Objects.requireNonNull(values.get(input.name()));
                natives.put(input.name(), scope.own(NativeTensors.create(arena, input.type(), value)));
            }
            return run(natives, wanted, scope, cancellation);
        } catch (OrtException e) {
            throw new InferenceException("ONNX Runtime failed: " + e.getMessage(), e);
        }
    }

    private Map<String, Tensor> run(
            Map<String, OnnxTensor> natives, Set<String> wanted, NativeScope scope, Cancellation cancellation)
            throws OrtException {
        OrtSession.RunOptions options = scope.own(new OrtSession.RunOptions());
        try (Cancellation.Hook _ = cancellation.onCancel(() -> terminate(options))) {
            return copy(scope.own(session.run(natives, wanted, options)), wanted);
        } catch (OrtException e) {
            if (cancellation.isCancelled()) { // the runtime reports its terminate flag as a general failure
                throw (CancellationException) new CancellationException("cancelled by the caller").initCause(e);
            }
            throw e;
        }
    }

    private static void terminate(OrtSession.RunOptions options) {
        try {
            options.setTerminate(true);
        } catch (OrtException e) {
            throw new InferenceException("cannot stop ONNX Runtime", e);
        }
    }

    private Map<String, Tensor> copy(OrtSession.Result result, Set<String> wanted) {
        Map<String, Tensor> copies = new HashMap<>();
        for (TensorSpec output : outputs) {
            if (wanted.contains(output.name())) {
                OnnxTensor value = (OnnxTensor) result.get(output.name()).orElseThrow();
                copies.put(output.name(), NativeTensors.copy(value, output.type()));
            }
        }
        return copies;
    }

    /** With a second session of fewer threads: those of one, waiting for each other, would take cores from the other runs. */
    @Override
    public void shareThreads(int runs) {
        int threads = settings.provider() == ExecutionProvider.CPU ? Math.ceilDiv(settings.intraOpThreads(), runs) : 0;
        OrtModel former = narrow;
        if (former != null && former.settings.intraOpThreads() != threads) {
            former.close();
            narrow = former = null;
        }
        if (former == null && threads > 0 && threads < settings.intraOpThreads()) {
            narrow = load(graph, new SessionSettings(settings.provider(), threads));
        }
    }

    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        shareThreads(1);
        try {
            session.close();
        } catch (OrtException e) {
            throw new InferenceException("cannot close a session", e);
        } finally {
            LiveHandles.closed();
        }
    }
}
