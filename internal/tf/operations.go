package tf

import "strings"

// What a model may contain, by the names of TensorFlow 2.18's operations: of its
// 1,788 those that networks for images are made of. All others are refused, those
// of newer versions and of other libraries too. To let a model use one more, put it
// into the family where it belongs; it has to compute its outputs from its inputs,
// and nothing else.
var computing = setOf(
	// shapes, and values of variables
	`
	Assert BroadcastArgs BroadcastTo Concat ConcatOffset ConcatV2 Const DynamicPartition DynamicStitch EnsureShape
	ExpandDims Fill Gather GatherNd GatherV2 Identity IdentityN InvertPermutation LinSpace MatrixBandPart MatrixDiag
	MatrixDiagPart MatrixDiagPartV2 MatrixDiagPartV3 MatrixDiagV2 MatrixDiagV3 MirrorPad NoOp OneHot OnesLike Pack Pad
	PadV2 ParallelDynamicStitch Placeholder PlaceholderWithDefault PreventGradient Range Rank ReadVariableOp Reshape
	ResourceGather ResourceGatherNd Reverse ReverseSequence ReverseV2 Roll ScatterNd Shape ShapeN Size Slice Snapshot
	Split SplitV Squeeze StopGradient StridedSlice TensorScatterAdd TensorScatterMax TensorScatterMin TensorScatterSub
	TensorScatterUpdate TensorStridedSliceUpdate Tile Transpose ConjugateTranspose Unpack VarHandleOp VariableShape
	Where ZerosLike
`,
	// numbers, one by one
	`
	Abs Acos Acosh Add AddN AddV2 AccumulateNV2 ApproximateEqual Asin Asinh Atan Atan2 Atanh Bitcast BitwiseAnd
	BitwiseOr BitwiseXor Cast Ceil CheckNumerics CheckNumericsV2 ClipByValue Cos Cosh Digamma Div DivNoNan Elu Equal
	Erf Erfc Erfinv Exp Expm1 Floor FloorDiv FloorMod Greater GreaterEqual Inv Invert IsFinite IsInf IsNan LeakyRelu
	LeftShift Less LessEqual Lgamma Log Log1p LogicalAnd LogicalNot LogicalOr Maximum Minimum Mod Mul MulNoNan Ndtri
	Neg NextAfter NotEqual Pow Real RealDiv Reciprocal Relu Relu6 RightShift Rint Round Rsqrt Select SelectV2 Selu
	Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Square SquaredDifference Sub Tan Tanh TruncateDiv TruncateMod Xdivy
	Xlog1py Xlogy
	FakeQuantWithMinMaxArgs FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel QuantizeAndDequantizeV2
	QuantizeAndDequantizeV3 QuantizeAndDequantizeV4
`,
	// numbers together
	`
	All Any ArgMax ArgMin BatchMatMul BatchMatMulV2 BatchMatMulV3 Bincount Bucketize Cross Cumprod Cumsum
	CumulativeLogsumexp DenseBincount Einsum EuclideanNorm InTopK InTopKV2 L2Loss LogSoftmax MatMul Max Mean Min Prod
	SegmentMax SegmentMean SegmentMin SegmentProd SegmentSum Softmax Sum TopK TopKV2 UnsortedSegmentMax
	UnsortedSegmentMin UnsortedSegmentProd UnsortedSegmentSum
`,
	// images and convolutions
	`
	AdjustContrastv2 AdjustHue AdjustSaturation AvgPool AvgPool3D BatchToSpaceND BiasAdd BiasAddV1 Conv Conv2D
	Conv2DBackpropInput Conv3D Conv3DBackpropInputV2 CropAndResize DataFormatDimMap DataFormatVecPermute DepthToSpace
	DepthwiseConv2dNative Dilation2D ExtractImagePatches FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 HSVToRGB
	ImageProjectiveTransformV2 ImageProjectiveTransformV3 LRN MaxPool MaxPool3D MaxPoolV2 RGBToHSV ResizeArea
	ResizeBicubic ResizeBilinear ResizeNearestNeighbor ScaleAndTranslate SpaceToBatchND SpaceToDepth
`,
	// the same numbers each time
	`
	StatelessRandomGetAlg StatelessRandomGetKeyCounter StatelessRandomGetKeyCounterAlg StatelessRandomNormal
	StatelessRandomNormalV2 StatelessRandomUniform StatelessRandomUniformFullInt StatelessRandomUniformFullIntV2
	StatelessRandomUniformInt StatelessRandomUniformIntV2 StatelessRandomUniformV2 StatelessTruncatedNormal
	StatelessTruncatedNormalV2
`,
	// functions, whose own operations are looked at as well, and loops
	`
	Case Enter Exit If LoopCond Merge NextIteration PartitionedCall StatefulPartitionedCall StatelessCase StatelessIf
	StatelessWhile Switch While
	EmptyTensorList TensorListConcatV2 TensorListElementShape TensorListFromTensor TensorListGather TensorListGetItem
	TensorListLength TensorListPopBack TensorListPushBack TensorListReserve TensorListResize TensorListScatterV2
	TensorListSetItem TensorListStack
	Print PrintV2
`)

// savers read and write files. They are in every model, since it is loaded and was
// saved by them, and have no place in what computes an output.
var savers = setOf(`
	MergeV2Checkpoints Restore RestoreSlice RestoreV2 Save SaveSlices SaveV2 ShardedFilename ShardedFilespec
`)

// idle operations may be in a model, as they reach nothing outside it, but not in
// what computes an output: their values are not in the checkpoint, or are others
// each time, or change from one call to the next; or they serve other inputs than
// images.
var idle = setOf(
	// state
	`
	Assign AssignAdd AssignAddVariableOp AssignSub AssignSubVariableOp AssignVariableOp DestroyResourceOp
	DisableCopyOnRead IsVariableInitialized ResourceCountUpTo ResourceScatterAdd ResourceScatterNdAdd
	ResourceScatterNdUpdate ResourceScatterSub ResourceScatterUpdate TemporaryVariable DestroyTemporaryVariable
	VarIsInitializedOp Variable VariableV2
	HashTable HashTableV2 InitializeTable InitializeTableV2 LookupTableExport LookupTableExportV2 LookupTableFind
	LookupTableFindV2 LookupTableImport LookupTableImportV2 LookupTableInsert LookupTableInsertV2 LookupTableRemoveV2
	LookupTableSize LookupTableSizeV2 MutableDenseHashTable MutableDenseHashTableV2 MutableHashTable MutableHashTableV2
	TensorArrayCloseV3 TensorArrayConcatV3 TensorArrayGatherV3 TensorArrayReadV3 TensorArrayScatterV3 TensorArraySizeV3
	TensorArraySplitV3 TensorArrayV3 TensorArrayWriteV3
`,
	// chance
	`
	Multinomial NonDeterministicInts ParameterizedTruncatedNormal RandomGamma RandomPoissonV2 RandomShuffle
	RandomStandardNormal RandomUniform RandomUniformInt RngReadAndSkip RngSkip StatefulStandardNormalV2
	StatefulTruncatedNormal StatefulUniform StatefulUniformFullInt StatefulUniformInt TruncatedNormal
`,
	// text, and images as files hold them
	`
	AsString DecodeAndCropJpeg DecodeBase64 DecodeBmp DecodeGif DecodeImage DecodeJpeg DecodePng DecodeRaw EncodeBase64
	EncodeJpeg EncodePng ParseExample ParseExampleV2 ParseSingleExample ReduceJoin RegexFullMatch RegexReplace
	StaticRegexFullMatch StaticRegexReplace StringFormat StringJoin StringLength StringLower StringSplit StringSplitV2
	StringStrip StringToHashBucketFast StringToNumber StringUpper Substr
`,
	// training
	`
	ApplyAdagrad ApplyAdam ApplyFtrl ApplyGradientDescent ApplyMomentum ApplyRMSProp ResourceApplyAdagrad
	ResourceApplyAdagradV2 ResourceApplyAdam ResourceApplyFtrl ResourceApplyGradientDescent
	ResourceApplyKerasMomentum ResourceApplyMomentum ResourceApplyRMSProp
	AvgPoolGrad BiasAddGrad BroadcastGradientArgs Conv2DBackpropFilter Conv3DBackpropFilterV2
	DepthwiseConv2dNativeBackpropFilter DepthwiseConv2dNativeBackpropInput EluGrad FusedBatchNormGrad
	FusedBatchNormGradV2 FusedBatchNormGradV3 InvGrad LeakyReluGrad MaxPoolGrad MirrorPadGrad ReciprocalGrad Relu6Grad
	ReluGrad ResizeBilinearGrad ResizeNearestNeighborGrad RsqrtGrad SeluGrad SigmoidGrad SoftmaxCrossEntropyWithLogits
	SoftplusGrad SoftsignGrad SparseSoftmaxCrossEntropyWithLogits SqrtGrad StridedSliceGrad TanhGrad
`)

// loading is what our own models are loaded by, beside the restoring itself.
var loading = setOf(`AssignVariableOp Const Identity NoOp Placeholder VarHandleOp`)

// setOf makes a set of the words of texts.
func setOf(texts ...string) map[string]bool {
	set := map[string]bool{}
	for _, text := range texts {
		for name := range strings.FieldsSeq(text) {
			set[name] = true
		}
	}
	return set
}
