"""f-BRS (Sofiiuk et al., CVPR 2020) and its forerunners as baselines: prediction pipeline, ZoomIn, loss, L-BFGS-B.

Nothing of the refinement engine depends on it.
"""
